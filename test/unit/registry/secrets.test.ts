import { describe, expect, it } from "vitest";
import { createAccessKeyId, createSecretAccessKey, isGeneratedKeyId } from "../../../src/auth/access-key-ids.ts";
import { MasterKey } from "../../../src/auth/secrets.ts";

const master = await MasterKey.derive("the master key of this test, long enough");

describe("sealing", () => {
  it("gives a secret back to its owner alone", async () => {
    const sealed = await master.seal("wJalrXUtnFEMI", "KEY1");
    expect(await master.open(sealed, "KEY1")).toBe("wJalrXUtnFEMI");
    expect(await master.open(sealed, "KEY2")).toBeUndefined();
    expect(await (await MasterKey.derive("another master key")).open(sealed, "KEY1")).toBeUndefined();
  });

  it("never gives the same result twice, nor an altered one", async () => {
    const sealed = await master.seal("secret", "KEY1");
    expect(await master.seal("secret", "KEY1")).not.toBe(sealed);
    const bytes = Buffer.from(sealed.slice(3), "base64");
    for (const position of [0, 12, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[position]! ^= 1;
      expect(await master.open(`v1.${altered.toString("base64")}`, "KEY1")).toBeUndefined();
    }
    expect(await master.open("v1.", "KEY1")).toBeUndefined();
    expect(await master.open("secret", "KEY1")).toBeUndefined();
  });
});

describe("generated access keys", () => {
  it("carry a tag that every changed character breaks", async () => {
    const id = await createAccessKeyId(master);
    expect(await isGeneratedKeyId(master, id)).toBe(true);
    for (let position = 0; position < id.length; position++) {
      const other = id[position] === "A" ? "B" : "A";
      expect(await isGeneratedKeyId(master, id.slice(0, position) + other + id.slice(position + 1))).toBe(false);
    }
    expect(await isGeneratedKeyId(await MasterKey.derive("another master key"), id)).toBe(false);
  });

  it("use every letter of their alphabets", () => {
    const used = new Set(Array.from({ length: 200 }, createSecretAccessKey).join(""));
    expect(used.size).toBe(62);
  });
});
