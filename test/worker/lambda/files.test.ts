import { describe, expect, it } from "vitest";
import { makeFunction } from "./environment.ts";

describe("files", () => {
  it("reads files of the package by absolute and relative paths, and those of a URL", async () => {
    const fn = makeFunction({
      "index.mjs": `
        import fs, { readFileSync } from "node:fs";
        import { readFile, readdir } from "fs/promises";
        import path from "node:path";
        import data from "./data.json" with { type: "json" };
        export const handler = async () => ({
          absolute: readFileSync("/var/task/templates/a.txt", "utf8"),
          relative: fs.readFileSync("templates/a.txt", "utf8"),
          dirname: await readFile(path.join(import.meta.dirname, "templates", "a.txt"), "utf8"),
          url: readFileSync(new URL("./templates/a.txt", import.meta.url), "utf8"),
          resolved: readFileSync(path.resolve("templates/a.txt"), "utf8"),
          listed: await readdir("/var/task/templates"),
          exists: [fs.existsSync("/var/task/data.json"), fs.existsSync("nothing")],
          data,
        });
      `,
      "templates/a.txt": "text",
      "data.json": '{"a":1}',
    });
    expect((await fn.invoke()).result).toEqual({
      absolute: "text",
      relative: "text",
      dirname: "text",
      url: "text",
      resolved: "text",
      listed: ["a.txt"],
      exists: [true, false],
      data: { a: 1 },
    });
  });

  it("keeps /tmp of an environment between its invocations", async () => {
    const fn = makeFunction({
      "index.js": `
        const fs = require("fs");
        exports.handler = async (event) => {
          if (event.write) { fs.mkdirSync("/tmp/a/b", { recursive: true }); fs.writeFileSync("/tmp/a/b/file", event.write); }
          if (event.remove) fs.rmSync("/tmp/a", { recursive: true });
          return fs.existsSync("/tmp/a/b/file") ? fs.readFileSync("/tmp/a/b/file", "utf8") : null;
        };
      `,
    });
    expect((await fn.invoke({ write: "one" })).result).toBe("one");
    expect((await fn.invoke({})).result).toBe("one");
    expect((await fn.invoke({ remove: true })).result).toBeNull();
    expect((await fn.invoke({})).result).toBeNull();
  });

  it("gives each of 50 concurrent invocations a state and a /tmp of its own", async () => {
    const fn = makeFunction({
      "index.js": `
        const fs = require("fs");
        let current;
        exports.handler = async ({ id }) => {
          current = id;
          fs.writeFileSync("/tmp/id", String(id));
          await new Promise((resolve) => setTimeout(resolve, 20));
          return [current, Number(fs.readFileSync("/tmp/id", "utf8"))];
        };
      `,
    });
    const ids = Array.from({ length: 50 }, (_, id) => id);
    const results = await Promise.all(ids.map(async (id) => (await fn.invoke({ id })).result));
    expect(results).toEqual(ids.map((id) => [id, id]));
  });

  it("runs WebAssembly of the package", async () => {
    // (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    const wasm = new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9,
      1, 7, 0, 32, 0, 32, 1, 106, 11,
    ]);
    const fn = makeFunction({
      "index.mjs": `
        import { readFileSync } from "node:fs";
        const bytes = readFileSync(new URL("./add.wasm", import.meta.url));
        const { instance } = await WebAssembly.instantiate(bytes, {});
        const module = new WebAssembly.Module(bytes);
        const compiled = await WebAssembly.compile(bytes);
        export const handler = async () => [
          instance.exports.add(1, 2),
          new WebAssembly.Instance(module).exports.add(3, 4),
          (await WebAssembly.instantiate(compiled)).exports.add(5, 6),
        ];
      `,
      "add.wasm": wasm,
      "broken.wasm": wasm.slice(0, 30),
    });
    expect((await fn.invoke()).result).toEqual([3, 7, 11]);
    expect(fn.packed.warnings).toEqual([expect.stringContaining("broken.wasm")]);
  });
});
