import type {
  ExportAllDeclaration,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  ImportDeclaration,
  Program,
} from "acorn";
import { base, simple } from "acorn-walk";
import { Edits } from "./edits.ts";
import { guardLoops } from "./loop-guard.ts";
import { DEFAULT_EXPORT, DYNAMIC_IMPORT, ES_MODULE, LOOP_CHECK, LOOP_COUNT, NAMESPACE } from "./names.ts";
import { findReferences, listPatternNames, type Reference } from "./scopes.ts";

export interface PackedEsModule {
  /** A CommonJS module that exports a generator function; see `packEsModule`. */
  readonly cjs: string;
  /** What the module imports, by number. */
  readonly imports: readonly string[];
  /** Whether its top level awaits. */
  readonly isAsync: boolean;
}

interface Rewrite {
  readonly source: string;
  readonly edits: Edits;
  /** Specifiers, in order of appearance. */
  readonly requests: string[];
  /** Local name → the expression that reads the imported binding. */
  readonly imported: Map<string, string>;
  /** Exported name → the expression that reads it. */
  readonly exported: Map<string, string>;
  /** Numbers of the modules whose exports are exported again. */
  readonly stars: number[];
}

/**
 * Turns an ES module into a generator function, since module scope of a real one may not do I/O in
 * workerd. The shim runs it in two steps, which are those of ECMA-262 (16.2.1): up to the `yield` it is
 * linked (functions exist, exports can be read), after it it is evaluated. Imported names become
 * reads of the other module's namespace, and exports getters: both stay live bindings.
 */
export function packEsModule(source: string, program: Program): PackedEsModule {
  const rewrite: Rewrite = {
    source,
    edits: new Edits(),
    requests: [],
    imported: new Map(),
    exported: new Map(),
    stars: [],
  };
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") rewriteImport(statement, rewrite);
    else if (statement.type === "ExportNamedDeclaration") rewriteNamedExport(statement, rewrite);
    else if (statement.type === "ExportDefaultDeclaration") rewriteDefaultExport(statement, rewrite);
    else if (statement.type === "ExportAllDeclaration") rewriteStarExport(statement, rewrite);
  }
  for (const reference of findReferences(program, new Set(rewrite.imported.keys())))
    rewriteReference(reference, rewrite);
  rewriteDynamicImports(program, rewrite.edits);
  guardLoops(program, rewrite.edits);

  const isAsync = hasTopLevelAwait(program);
  const namespaces = rewrite.requests.map((_, index) => `${NAMESPACE}${index}`);
  const getters = [...rewrite.exported].map(
    ([name, local]) => `${JSON.stringify(name)}:()=>${rewrite.imported.get(local) ?? local}`,
  );
  const head = [
    `"use strict";`,
    `const [${namespaces.join(",")}]=${ES_MODULE}.namespaces;`,
    `${ES_MODULE}.link({${getters.join(",")}},[${rewrite.stars.join(",")}]);yield;`,
  ];
  const parameters = [ES_MODULE, DYNAMIC_IMPORT, LOOP_CHECK, LOOP_COUNT].join(",");
  const body = rewrite.edits.apply(source);
  return {
    cjs: `module.exports=${isAsync ? "async " : ""}function*(${parameters}){${head.join("")}${body}\n}`,
    imports: rewrite.requests,
    isAsync,
  };
}

/** `import(…)` → the shim's own, which resolves as Node.js does. Also what CommonJS needs. */
export function rewriteDynamicImports(program: Program, edits: Edits): void {
  simple(program, {
    ImportExpression: (node) => edits.replace(node.start, node.start + "import".length, DYNAMIC_IMPORT),
    MetaProperty: (node) => {
      if (node.meta.name === "import") edits.replace(node.start, node.end, `${ES_MODULE}.meta`);
    },
  });
}

function request(specifier: unknown, rewrite: Rewrite): number {
  const text = String(specifier);
  const known = rewrite.requests.indexOf(text);
  return known >= 0 ? known : rewrite.requests.push(text) - 1;
}

/** How to read one binding of an imported namespace. */
function readBinding(index: number, name: string): string {
  return `${NAMESPACE}${index}[${JSON.stringify(name)}]`;
}

function nameOf(node: { type: string; name?: string; value?: unknown }): string {
  return node.type === "Identifier" ? String(node.name) : String(node.value);
}

function rewriteImport(node: ImportDeclaration, rewrite: Rewrite): void {
  const index = request(node.source.value, rewrite);
  for (const specifier of node.specifiers) {
    const local = specifier.local.name;
    if (specifier.type === "ImportNamespaceSpecifier") rewrite.imported.set(local, `${NAMESPACE}${index}`);
    else if (specifier.type === "ImportDefaultSpecifier") rewrite.imported.set(local, readBinding(index, "default"));
    else rewrite.imported.set(local, readBinding(index, nameOf(specifier.imported)));
  }
  rewrite.edits.remove(rewrite.source, node.start, node.end, ";");
}

function rewriteNamedExport(node: ExportNamedDeclaration, rewrite: Rewrite): void {
  const { declaration } = node;
  if (declaration) {
    const names =
      declaration.type === "VariableDeclaration"
        ? declaration.declarations.flatMap((one) => listPatternNames(one.id))
        : [declaration.id.name];
    for (const name of names) rewrite.exported.set(name, name);
    rewrite.edits.replace(node.start, node.start + "export".length, "");
    return;
  }
  const from = node.source ? request(node.source.value, rewrite) : undefined;
  for (const specifier of node.specifiers) {
    const local = nameOf(specifier.local);
    rewrite.exported.set(nameOf(specifier.exported), from === undefined ? local : readBinding(from, local));
  }
  rewrite.edits.remove(rewrite.source, node.start, node.end, ";");
}

function rewriteDefaultExport(node: ExportDefaultDeclaration, rewrite: Rewrite): void {
  const { declaration } = node;
  // An expression may be in parentheses, which the parser leaves out of its range.
  const keywordsEnd = rewrite.source.indexOf("default", node.start) + "default".length;
  const removeKeywords = (instead = "") => rewrite.edits.remove(rewrite.source, node.start, keywordsEnd, instead);
  const isFunction = declaration.type === "FunctionDeclaration";
  const isDeclaration = isFunction || declaration.type === "ClassDeclaration";
  if (isDeclaration && declaration.id) {
    rewrite.exported.set("default", declaration.id.name);
    removeKeywords();
    return;
  }
  rewrite.exported.set("default", DEFAULT_EXPORT);
  if (isFunction) {
    // Stays a declaration, since those can be called before the module has run.
    removeKeywords();
    rewrite.edits.insert(rewrite.source.indexOf("(", declaration.start), ` ${DEFAULT_EXPORT}`);
    return;
  }
  removeKeywords(`const ${DEFAULT_EXPORT}=`);
  if (isDeclaration) rewrite.edits.insert(declaration.end, ";");
}

function rewriteStarExport(node: ExportAllDeclaration, rewrite: Rewrite): void {
  const index = request(node.source.value, rewrite);
  if (node.exported) rewrite.exported.set(nameOf(node.exported), `${NAMESPACE}${index}`);
  else rewrite.stars.push(index);
  rewrite.edits.remove(rewrite.source, node.start, node.end, ";");
}

function rewriteReference({ node, parent }: Reference, rewrite: Rewrite): void {
  const value = rewrite.imported.get(node.name);
  if (value === undefined) return;
  if (parent.type === "Property" && parent.shorthand) {
    rewrite.edits.replace(node.start, node.end, `${node.name}:${value}`);
    return;
  }
  // A call through a namespace would hand it over as `this`.
  const isCalled =
    (parent.type === "CallExpression" && parent.callee === node) ||
    (parent.type === "TaggedTemplateExpression" && parent.tag === node);
  rewrite.edits.replace(node.start, node.end, isCalled ? `(0,${value})` : value);
}

function hasTopLevelAwait(program: Program): boolean {
  let found = false;
  const stop = () => undefined;
  const note = () => {
    found = true;
  };
  simple(
    program,
    {
      AwaitExpression: note,
      ForOfStatement: (node) => {
        if (node.await) note();
      },
    },
    // Functions have an `await` of their own.
    { ...base, Function: stop },
  );
  return found;
}
