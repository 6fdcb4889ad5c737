import { Buffer } from "node:buffer";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readZip } from "../../../src/lambda/runtime/zip.ts";

const UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again.";

function zipOf(files: Record<string, string>): Buffer {
  return Buffer.from(zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))));
}

/** Overwrites a field of every central directory entry, given its offset there. */
function patchDirectory(zip: Buffer, offset: number, write: (at: number) => void): Buffer {
  for (let at = zip.indexOf("PK\u0001\u0002"); at >= 0; at = zip.indexOf("PK\u0001\u0002", at + 4)) write(at + offset);
  return zip;
}

describe("deployment packages", () => {
  it("are read with folders, stored and deflated files, and a comment at the end", () => {
    const zip = zipSync(
      {
        "a.txt": [strToU8("a".repeat(100_000)), { level: 9 }],
        lib: { "b.txt": [strToU8("b"), { level: 0 }] },
        empty: {},
      },
      { comment: "by hand" },
    );
    const { files, unzippedSize } = readZip(zip);
    expect([...files.keys()]).toEqual(["a.txt", "lib/b.txt"]);
    expect(Buffer.from(files.get("a.txt") ?? "").toString()).toBe("a".repeat(100_000));
    expect(unzippedSize).toBe(100_001);
  });

  it("are read when empty files and odd names are in them", () => {
    const { files } = readZip(zipOf({ "./x/./ü.txt": "", constructor: "p" }));
    expect([...files.keys()]).toEqual(["x/ü.txt", "constructor"]);
  });

  it.each([
    ["nothing", () => Buffer.alloc(0), "Uploaded file must be a non-empty zip"],
    ["a zip without files", () => zipOf({}), "Uploaded file must be a non-empty zip"],
    ["text", () => Buffer.from("exports.handler = 1".repeat(10)), UNREADABLE],
    ["a zip cut short", () => zipOf({ a: "text" }).subarray(0, -10), UNREADABLE],
    ["a zip without its beginning", () => zipOf({ a: "text".repeat(50) }).subarray(20), UNREADABLE],
    ["a path that climbs", () => zipOf({ "../../etc/passwd": "x" }), UNREADABLE],
    ["a path that climbs with backslashes", () => zipOf({ "a\\..\\..\\b": "x" }), UNREADABLE],
    ["an absolute path", () => zipOf({ "/etc/passwd": "x" }), UNREADABLE],
    ["a drive letter", () => zipOf({ "C:/x": "x" }), UNREADABLE],
    ["a NUL in a name", () => zipOf({ "a\0b": "x" }), UNREADABLE],
    ["two files of one name", () => zipOf({ a: "1", "./a": "2" }), UNREADABLE],
    [
      "a wrong checksum",
      () => {
        const zip = zipOf({ a: "text" });
        return patchDirectory(zip, 16, (at) => zip.writeUInt32LE(1, at));
      },
      UNREADABLE,
    ],
    [
      "a size that lies",
      () => {
        const zip = zipOf({ a: "text".repeat(100) });
        return patchDirectory(zip, 24, (at) => zip.writeUInt32LE(3, at));
      },
      UNREADABLE,
    ],
    [
      "a size beyond the limit",
      () => {
        const zip = zipOf({ a: "text" });
        return patchDirectory(zip, 24, (at) => zip.writeUInt32LE(300_000_000, at));
      },
      "Unzipped size must be smaller than 262144000 bytes",
    ],
    [
      "an offset outside",
      () => {
        const zip = zipOf({ a: "text" });
        return patchDirectory(zip, 42, (at) => zip.writeUInt32LE(0xffffff00, at));
      },
      UNREADABLE,
    ],
    [
      "encryption",
      () => {
        const zip = zipOf({ a: "text" });
        return patchDirectory(zip, 8, (at) => zip.writeUInt16LE(1, at));
      },
      UNREADABLE,
    ],
    [
      "an unknown compression",
      () => {
        const zip = zipOf({ a: "text" });
        return patchDirectory(zip, 10, (at) => zip.writeUInt16LE(12, at));
      },
      UNREADABLE,
    ],
    [
      "a symbolic link",
      () => {
        const zip = zipOf({ link: "/etc/passwd" });
        return patchDirectory(zip, 38, (at) => zip.writeUInt32LE((0o120777 << 16) >>> 0, at));
      },
      "The zip holds a symbolic link, link. Pack the files themselves.",
    ],
  ])("are refused: %s", (_, make, message) => {
    expect(() => readZip(make())).toThrow(
      expect.objectContaining({ code: "InvalidParameterValueException", status: 400, message }),
    );
  });

  it("are refused before anything of a bomb is unpacked", () => {
    const zip = zipOf({ a: "", b: "", c: "" });
    patchDirectory(zip, 24, (at) => zip.writeUInt32LE(90_000_000, at));
    expect(() => readZip(zip)).toThrow("Unzipped size must be smaller than 262144000 bytes");
  });

  it("are refused when the code that would be loaded is too large for an isolate", () => {
    const zip = zipOf({ a: "", "node_modules/a/x.map": "" });
    patchDirectory(zip, 24, (at) => zip.writeUInt32LE(70_000_000, at));
    expect(() => readZip(zip)).toThrow("The code to load must be smaller than 65011712 bytes on this deployment");
  });

  it("are refused quickly when a bomb says that it is small", () => {
    const zip = Buffer.from(zipSync({ f: new Uint8Array(30_000_000) }, { level: 9 }));
    patchDirectory(zip, 24, (at) => zip.writeUInt32LE(1_000, at));
    const begin = performance.now();
    expect(() => readZip(zip)).toThrow(UNREADABLE);
    expect(performance.now() - begin).toBeLessThan(500);
  });

  it("lose the links that npm leaves for commands", () => {
    const zip = zipOf({ "node_modules/.bin/tsc": "../typescript/bin/tsc", "index.js": "" });
    const [first] = [zip.indexOf("PK\u0001\u0002")];
    zip.writeUInt32LE((0o120777 << 16) >>> 0, first + 38);
    expect([...readZip(zip).files.keys()]).toEqual(["index.js"]);
  });
});
