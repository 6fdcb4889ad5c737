import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

// That every operation has a name, an access and a handler is in test/worker/operations.test.ts.

const root = dirname(import.meta.dirname);

/**
 * From top to bottom: a file imports from its own layer's folder and from lower layers. Folders that
 * share a row are neighbours, and never import each other; worker.ts wires them together.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["worker.ts"],
  ["gateway", "jobs", "console"],
  ["s3", "lambda", "cdn", "cloudtrail", "iam", "kms", "logs", "scheduler", "sqs", "sts", "verge-api"],
  ["auth"],
  // An index object exports its journal and collects its garbage by itself: it uses the blob store.
  ["metadata"],
  ["storage"],
  ["env.ts"],
  ["lib"],
];

/** Names the classes and messages behind the bindings: it may import from above, but only types. */
const TYPES_FROM_ANYWHERE = "env.ts";

/** Counts and limits platform operations by wrapping every binding; it decides nothing about blobs. */
const WRAPS_BINDINGS = "src/gateway/metering.ts";

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const sources = globSync("src/**/*.ts", { cwd: root }).toSorted();
const imports = sources.flatMap(readImports);

describe("the layers", () => {
  test("are known for every folder of src", () => {
    const unknown = sources.map(findUnit).filter((unit) => findLayer(unit) < 0);
    expect([...new Set(unknown)]).toEqual([]);
  });

  test("import downward only, and never a neighbour", () => {
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const [unit, target] = [findUnit(from), findUnit(to)];
      if (unit === target) return false;
      if (typeOnly && unit === TYPES_FROM_ANYWHERE) return false;
      return findLayer(target) <= findLayer(unit);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test("have no cycles, types left out", () => {
    expect(findCycles(imports.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });

  test("reach R2 through src/storage alone", () => {
    const users = sources.filter((path) => {
      if (path === WRAPS_BINDINGS || ["storage", "env.ts"].includes(findUnit(path))) return false;
      // Handing the binding to the store is allowed; calling it, unpacking it or naming its types is not.
      return /\bBLOBS\s*[.?[]|[{,]\s*BLOBS\s*[,}]|\bR2[A-Z]\w+/.test(readCode(path));
    });
    expect(users).toEqual([]);
  });
});

test("no file is too long to be read in one sitting", () => {
  const files = globSync(["src/**/*.ts", "scripts/**/*.{ts,mjs}", "test/**/*.ts"], { cwd: root });
  const long = files.filter((path) => readFileSync(join(root, path), "utf8").split("\n").length > 401);
  expect(long).toEqual([]);
});

/** The folder below src, or the file's own name for those at the top. */
function findUnit(path: string): string {
  return path.split("/")[1] ?? path;
}

function findLayer(unit: string): number {
  return LAYERS.findIndex((layer) => layer.includes(unit));
}

function describeImport({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

function readImports(path: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s+)?((?:[^;"']*?\sfrom\s+)?)["'](\.[^"']+)["']/gms;
  return Array.from(readCode(path).matchAll(statement), ([, type, names = "", target = ""]) => ({
    from: path,
    to: relative(root, join(root, dirname(path), target)),
    typeOnly: type !== undefined || isTypesOnly(names),
  }));
}

/** `{ type A, type B } from`: every name in the braces is a type. */
function isTypesOnly(names: string): boolean {
  const inner = /^\{(.*)\}\s+from\s+$/s.exec(names)?.[1];
  const parts =
    inner
      ?.split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "") ?? [];
  return parts.length > 0 && parts.every((part) => part.startsWith("type "));
}

function readCode(path: string): string {
  return readFileSync(join(root, path), "utf8").replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, "");
}

/** Each cycle once, as the path from a file back to itself. */
function findCycles(edges: readonly Import[]): string[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return cycles;
}
