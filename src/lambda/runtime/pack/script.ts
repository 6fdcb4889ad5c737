import { parse, type Program } from "acorn";
import { Edits } from "./edits.ts";
import { packEsModule, type PackedEsModule, rewriteDynamicImports } from "./es-module.ts";
import { guardLoops } from "./loop-guard.ts";
import { DYNAMIC_IMPORT, LOOP_CHECK, LOOP_COUNT } from "./names.ts";
import { stripTypes } from "./typescript.ts";

/** How Node.js decides what a file is: by its ending, by the nearest package.json, by its syntax. */
export type Format = "commonjs" | "module" | "detect";

export interface PackedScript {
  readonly cjs: string;
  /** Absent for CommonJS. */
  readonly esModule?: Pick<PackedEsModule, "imports" | "isAsync">;
  readonly syntaxError?: string;
}

const LATEST = { ecmaVersion: "latest", allowHashBang: true } as const;

/**
 * Wraps a source file as a function that the shim calls when the file is first required. A file that does
 * not parse becomes one that throws: workerd compiles all modules at start-up, and one bad file that nobody
 * requires must not keep the function from starting.
 */
export function packScript(path: string, text: string, format: Format): PackedScript {
  try {
    const source = commentHashBang(isTyped(path) ? stripTypes(path, text) : text);
    const parsed = parseScript(source, format);
    if (parsed.kind === "commonjs") return { cjs: packCommonJs(source, parsed.program) };
    const { cjs, imports, isAsync } = packEsModule(source, parsed.program);
    return { cjs, esModule: { imports, isAsync } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const thrown = JSON.stringify(`${message} in ${path}`);
    return { cjs: `module.exports=function(){throw new SyntaxError(${thrown})}`, syntaxError: message };
  }
}

function isTyped(path: string): boolean {
  return /\.([cm]?ts|tsx|jsx)$/.test(path);
}

function parseScript(source: string, format: Format): { kind: "commonjs" | "module"; program: Program } {
  if (format === "module") return { kind: "module", program: parseModule(source) };
  try {
    const program = parse(source, { ...LATEST, sourceType: "script", allowReturnOutsideFunction: true });
    return { kind: "commonjs", program };
  } catch (error) {
    if (format === "commonjs" || !/\b(import|export|await)\b/.test(source)) throw error;
    return { kind: "module", program: parseModule(source, error) };
  }
}

/** When neither way of reading a file works, the first error is the one to show. */
function parseModule(source: string, earlier?: unknown): Program {
  try {
    return parse(source, { ...LATEST, sourceType: "module" });
  } catch (error) {
    throw earlier ?? error;
  }
}

function packCommonJs(source: string, program: Program): string {
  const edits = new Edits();
  rewriteDynamicImports(program, edits);
  guardLoops(program, edits);
  const parameters = [
    "exports",
    "require",
    "module",
    "__filename",
    "__dirname",
    DYNAMIC_IMPORT,
    LOOP_CHECK,
    LOOP_COUNT,
  ];
  return `module.exports=function(${parameters.join(",")}){${edits.apply(source)}\n}`;
}

/** Allowed only at the very start of a file, where the wrapper now stands. */
function commentHashBang(source: string): string {
  return source.startsWith("#!") ? `//${source}` : source;
}
