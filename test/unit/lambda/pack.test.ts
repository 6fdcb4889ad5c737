import { describe, expect, it } from "vitest";
import { packFiles } from "../../../src/lambda/runtime/pack/pack.ts";
import { packScript, type Format } from "../../../src/lambda/runtime/pack/script.ts";
import type { Manifest } from "../../../src/lambda/runtime/pack/manifest.ts";

type Namespace = Record<string, unknown>;

/** Runs packed CommonJS text and gives what it exports: the factory. */
function factoryOf(cjs: string): (...values: unknown[]) => unknown {
  const module = { exports: {} };
  // oxlint-disable-next-line typescript/no-implied-eval -- this is what workerd does with a module's text
  new Function("module", cjs)(module);
  return module.exports as (...values: unknown[]) => unknown;
}

/** Runs an ES module of which all imports are given; answers with what it exports in the end. */
function runEsModule(source: string, imports: readonly Namespace[] = []): Namespace {
  const { cjs } = packScript("index.mjs", source, "module");
  const exported: Namespace = {};
  const handle = {
    namespaces: imports,
    meta: { url: "file:///var/task/index.mjs" },
    link(getters: Record<string, () => unknown>) {
      for (const [name, get] of Object.entries(getters))
        Object.defineProperty(exported, name, { get, enumerable: true });
    },
  };
  const steps = factoryOf(cjs)(
    handle,
    () => "imported",
    () => -1000,
    -1000,
  ) as Generator;
  steps.next();
  steps.next();
  return exported;
}

describe("ES modules", () => {
  it.each<[string, string, Namespace[], unknown]>([
    ["a named import", "import { a } from 'x'; export const r = a + 1;", [{ a: 1 }], 2],
    ["a renamed one", "import { a as b } from 'x'; export const r = b;", [{ a: 1 }], 1],
    ["one of a string name", "import { 'a-b' as b } from 'x'; export const r = b;", [{ "a-b": 1 }], 1],
    ["the default", "import d from 'x'; export const r = d;", [{ default: 1 }], 1],
    ["the namespace", "import * as n from 'x'; export const r = n.a;", [{ a: 1 }], 1],
    ["imports below their use", "export const r = a; import { a } from 'x';", [{ a: 1 }], 1],
    ["a shorthand property", "import { a } from 'x'; export const r = { a }.a;", [{ a: 1 }], 1],
    ["a shadowing parameter", "import { a } from 'x'; export const r = ((a) => a)(5);", [{ a: 1 }], 5],
    [
      "a shadowing pattern",
      "import { a } from 'x'; export const r = (({ b: [a = 2] }) => a)({ b: [] });",
      [{ a: 1 }],
      2,
    ],
    [
      "a shadowing variable of a block",
      "import { a } from 'x'; let r; { const a = 3; r = a; } export { r };",
      [{ a: 1 }],
      3,
    ],
    [
      "a shadowing var deep in a function",
      "import { a } from 'x'; export const r = (() => { if (1) { var a = 4; } return a; })();",
      [{ a: 1 }],
      4,
    ],
    [
      "a shadowing catch",
      "import { a } from 'x'; let r; try { throw 6 } catch (a) { r = a } export { r };",
      [{ a: 1 }],
      6,
    ],
    [
      "a shadowing loop variable",
      "import { a } from 'x'; let r = 0; for (const a of [1, 2]) r += a; export { r };",
      [{ a: 9 }],
      3,
    ],
    ["a default of a parameter", "import { a } from 'x'; export const r = ((b = a) => b)();", [{ a: 7 }], 7],
    ["a property of the same name", "import { a } from 'x'; export const r = { a: 2 }.a;", [{ a: 1 }], 2],
    [
      "a method of the same name",
      "import { a } from 'x'; export const r = new (class { a() { return a } })().a();",
      [{ a: 1 }],
      1,
    ],
    [
      "a label of the same name",
      "import { a } from 'x'; let r = a; a: for (;;) { break a } export { r };",
      [{ a: 1 }],
      1,
    ],
    ["a template tag", "import { a } from 'x'; export const r = a`t`;", [{ a: (t: string[]) => t[0] }], "t"],
    [
      "a call without this",
      "import { a } from 'x'; export const r = a();",
      [
        {
          a(this: unknown) {
            return this === undefined;
          },
        },
      ],
      true,
    ],
    [
      "a class that extends one",
      "import A from 'x'; export const r = new (class extends A {})().v;",
      [
        {
          default: class {
            v = 8;
          },
        },
      ],
      8,
    ],
    ["import.meta", "export const r = import.meta.url;", [], "file:///var/task/index.mjs"],
    ["a dynamic import", "export const r = import('y');", [], "imported"],
    ["a hashbang", "#!/usr/bin/env node\nexport const r = 1;", [], 1],
    [
      "strings with code in them",
      "export const r = \"import a from 'x'; export {}\";",
      [],
      "import a from 'x'; export {}",
    ],
  ])("understands %s", (_, source, imports, expected) => {
    expect(runEsModule(source, imports)["r"]).toEqual(expected);
  });

  it.each<[string, string, Namespace]>([
    [
      "declarations",
      "export const a = 1, [b, { c }] = [2, { c: 3 }]; export function f() {} export class G {}",
      { a: 1, b: 2, c: 3, f: expect.any(Function), G: expect.any(Function) },
    ],
    ["a list with names", "const a = 1; export { a as b, a as default, a as 'c d' };", { b: 1, default: 1, "c d": 1 }],
    ["a default expression in parentheses", "export default (1, 2);", { default: 2 }],
    ["a default object", "export default { a: 1 };", { default: { a: 1 } }],
    [
      "a default function without a name",
      "export default function (a) { return a }",
      { default: expect.any(Function) },
    ],
    ["a default async generator", "export default async function* () {}", { default: expect.any(Function) }],
    [
      "a default class without a name",
      "export default class { }\nexport const a = 1;",
      { default: expect.any(Function), a: 1 },
    ],
    ["a default arrow function", "export default async () => 1", { default: expect.any(Function) }],
  ])("exports %s", (_, source, expected) => {
    const exported = runEsModule(source);
    expect(Object.fromEntries(Object.keys(exported).map((name) => [name, exported[name]]))).toEqual(expected);
  });

  it("keep exports and imports live", () => {
    const counter = { n: 1 };
    const exported = runEsModule(
      "import { n } from 'x'; export let m = n; export const bump = () => { m++; return n };",
      [counter],
    );
    counter.n = 10;
    expect((exported["bump"] as () => number)()).toBe(10);
    expect(exported["m"]).toBe(2);
  });

  it("keep line numbers", () => {
    const { cjs } = packScript("a.mjs", "import {\n  a,\n} from 'x';\nexport default\n  boom();", "module");
    expect(cjs.split("\n")[4]).toContain("boom()");
  });

  it("are asynchronous only when their own top level awaits", () => {
    const isAsync = (source: string) => packScript("a.mjs", source, "module").esModule?.isAsync;
    expect(isAsync("await 1;")).toBe(true);
    expect(isAsync("for await (const a of []) {}")).toBe(true);
    expect(isAsync("const f = async () => { await 1 }; class A { async m() { await 1 } }")).toBe(false);
  });
});

describe("what a file is", () => {
  it.each<[string, string, Format, "commonjs" | "module"]>([
    ["CommonJS by syntax", "exports.a = 1", "detect", "commonjs"],
    ["an ES module by its export", "export const a = 1", "detect", "module"],
    ["an ES module by its await", "const a = await import('x')", "detect", "module"],
    ["CommonJS that returns", "if (true) return; exports.a = 1", "detect", "commonjs"],
    ["CommonJS with import()", "exports.a = () => import('x')", "detect", "commonjs"],
  ])("%s", (_, source, format, kind) => {
    const packed = packScript("a.js", source, format);
    expect(packed.syntaxError).toBeUndefined();
    expect(packed.esModule ? "module" : "commonjs").toBe(kind);
  });

  it("is decided by the nearest package.json", () => {
    const text = (source: string) => new TextEncoder().encode(source);
    const { packed } = packFiles(
      new Map([
        ["package.json", text('{"type":"module"}')],
        ["index.js", text("export const a = 1")],
        ["node_modules/c/package.json", text('{"name":"c"}')],
        ["node_modules/c/index.js", text("exports.a = 1")],
        ["legacy.cjs", text("exports.a = 1")],
        ["data.bin", new Uint8Array([1, 2])],
        ["addon.node", new Uint8Array([1])],
        ["broken.js", text("export const = 1")],
      ]),
      "/var/task",
    );
    const manifest = packed.modules["verge/manifest.json"]?.json as Manifest;
    const kinds = Object.fromEntries(Object.entries(manifest.files).map(([path, file]) => [path, file.kind]));
    expect(kinds).toEqual({
      "/var/task/package.json": "json",
      "/var/task/index.js": "module",
      "/var/task/node_modules/c/package.json": "json",
      "/var/task/node_modules/c/index.js": "commonjs",
      "/var/task/legacy.cjs": "commonjs",
      "/var/task/data.bin": "data",
      "/var/task/addon.node": "native",
      "/var/task/broken.js": "commonjs",
    });
    expect(packed.warnings).toEqual([
      "addon.node is a native add-on, which cannot be loaded.",
      expect.stringMatching(/^broken\.js does not parse: /),
    ]);
  });
});

describe("loops", () => {
  it.each([
    "for (;;) {}",
    "for (;;);",
    "while (true) if (1) ; else break;",
    "do ; while (1)",
    "for (const a in endless) for (const b of endless) ;",
    "a: for (;;) { for (;;) continue a }",
  ])("%s asks whether to go on", (loop) => {
    const { cjs, syntaxError } = packScript("a.js", loop, "commonjs");
    expect(syntaxError).toBeUndefined();
    const stop = () => {
      throw new Error("enough");
    };
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield 1;
      },
      a: 1,
    };
    const source = cjs.replace("module.exports=", "module.exports=(endless)=>");
    const run = factoryOf(source)(endless) as (...values: unknown[]) => void;
    expect(() => run({}, null, null, "", "", null, stop, -1000)).toThrow("enough");
  });
});
