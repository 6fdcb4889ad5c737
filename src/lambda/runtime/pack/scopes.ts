import type { AnyNode, Function as FunctionNode, Identifier, Node, Pattern, Program } from "acorn";

/** One place where an identifier means the outer binding of that name. */
export interface Reference {
  readonly node: Identifier;
  /** What contains it, from which follows how it may be written. */
  readonly parent: AnyNode;
}

type Names = ReadonlySet<string>;

interface Visit {
  readonly wanted: Names;
  readonly found: Reference[];
}

/**
 * Finds where a program refers to some names of its top level, and not to parameters, variables or classes
 * of the same name that lie between.
 */
export function findReferences(program: Program, wanted: Names): Reference[] {
  const visit: Visit = { wanted, found: [] };
  if (wanted.size > 0) for (const statement of program.body) walk(statement, program, [], visit);
  return visit.found;
}

function walk(node: AnyNode, parent: AnyNode, shadows: readonly Names[], visit: Visit): void {
  if (node.type === "Identifier") {
    const shadowed = shadows.some((names) => names.has(node.name));
    if (visit.wanted.has(node.name) && !shadowed) visit.found.push({ node, parent });
    return;
  }
  if (node.type === "ImportDeclaration") return;
  if (node.type === "ExportNamedDeclaration" && !node.declaration) return;
  const declared = listDeclared(node).filter((name) => visit.wanted.has(name));
  const inner = declared.length > 0 ? [...shadows, new Set(declared)] : shadows;
  for (const [field, child] of listChildren(node)) {
    if (isName(node, field)) continue;
    walk(child, node, inner, visit);
  }
}

function* listChildren(node: AnyNode): Generator<[string, AnyNode]> {
  for (const [field, value] of Object.entries(node)) {
    const children: unknown[] = Array.isArray(value) ? value : [value];
    for (const child of children) if (isNode(child)) yield [field, child];
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** Whether the identifier in this field is a name of a property or label, not of a variable. */
function isName(node: AnyNode, field: string): boolean {
  switch (node.type) {
    case "MemberExpression":
      return field === "property" && !node.computed;
    case "Property":
      // Of `{ a }` the parser gives the same identifier twice; the value is the one that counts.
      return field === "key" && !node.computed;
    case "MethodDefinition":
    case "PropertyDefinition":
      return field === "key" && !node.computed;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return field === "label";
    case "MetaProperty":
      return true;
    default:
      return false;
  }
}

/** The names that a node brings into being for what lies within it. */
function listDeclared(node: AnyNode): string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return listFunctionNames(node);
    case "ClassDeclaration":
    case "ClassExpression":
      return node.id ? [node.id.name] : [];
    case "BlockStatement":
    case "StaticBlock":
      return node.body.flatMap(listLexical);
    case "SwitchStatement":
      return node.cases.flatMap((option) => option.consequent.flatMap(listLexical));
    case "ForStatement":
      return node.init?.type === "VariableDeclaration" ? listLexical(node.init) : [];
    case "ForInStatement":
    case "ForOfStatement":
      return node.left.type === "VariableDeclaration" ? listLexical(node.left) : [];
    case "CatchClause":
      return node.param ? listPatternNames(node.param) : [];
    default:
      return [];
  }
}

function listFunctionNames(node: FunctionNode): string[] {
  const own = node.type === "FunctionExpression" && node.id ? [node.id.name] : [];
  return [...own, "arguments", ...node.params.flatMap(listPatternNames), ...listVars(node.body)];
}

/** `let`, `const`, `class` and `function` directly in a block. */
function listLexical(node: AnyNode): string[] {
  if (node.type === "VariableDeclaration") return node.declarations.flatMap((one) => listPatternNames(one.id));
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return node.id ? [node.id.name] : [];
  return [];
}

/** `var` anywhere in a function, but not in functions within it. */
function listVars(node: AnyNode): string[] {
  if (node.type === "VariableDeclaration") {
    return node.kind === "var" ? node.declarations.flatMap((one) => listPatternNames(one.id)) : [];
  }
  if (/Function|^Class|Expression$/.test(node.type)) return [];
  return [...listChildren(node)].flatMap(([, child]) => listVars(child));
}

/** The names that a pattern binds: `{ a, b: [c, ...d] }` → a, c, d. */
export function listPatternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((one) => listPatternNames(one.type === "Property" ? one.value : one.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap((one) => (one ? listPatternNames(one) : []));
    case "AssignmentPattern":
      return listPatternNames(pattern.left);
    case "RestElement":
      return listPatternNames(pattern.argument);
    default:
      return [];
  }
}
