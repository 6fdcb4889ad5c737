import { describe, expect, it } from "vitest";
import type { StoredResponse } from "../../../src/cdn/engine/stored-response.ts";
import { BodyRecorder } from "../../../src/cdn/store/body-recorder.ts";
import { decodeEntry, encodeEntry } from "../../../src/cdn/store/index-entry.ts";
import { MemoryTier } from "../../../src/cdn/store/memory-tier.ts";
import { responseStore } from "../../../src/cdn/store/response-store.ts";
import { Variant } from "../../../src/cdn/store/variant.ts";

function describeStored(more: Partial<StoredResponse> = {}): StoredResponse {
  return {
    bodyId: crypto.randomUUID(),
    status: 200,
    statusText: "OK",
    fields: [["content-type", "text/plain"]],
    selecting: [],
    freshness: {
      lifetime: 60,
      initialAge: 0,
      alwaysValidate: false,
      neverStale: false,
      staleWhileRevalidate: 0,
      staleIfError: 0,
    },
    requestedAt: 1,
    receivedAt: 2,
    form: "inline",
    length: 5,
    invalidation: 0,
    ...more,
  };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const inline = (text: string) => new Variant(describeStored({ length: text.length }), bytesOf(text));

describe("an index entry", () => {
  it("comes back with all its variants and their small bodies", () => {
    const other = new Variant(describeStored({ form: "whole", length: 1e6 }));
    const entry = encodeEntry("key", [inline("first"), other, inline("second one")]);
    const variants = decodeEntry("key", entry.buffer)!;
    expect(variants.map(({ stored }) => stored.form)).toEqual(["inline", "whole", "inline"]);
    expect(variants.map(({ bytes }) => bytes && new TextDecoder().decode(bytes))).toEqual([
      "first",
      undefined,
      "second one",
    ]);
  });

  it("of another key, or cut short, is none", () => {
    const entry = encodeEntry("key", [inline("first")]);
    expect(decodeEntry("other", entry.buffer)).toBeUndefined();
    for (const length of [0, 3, 20, entry.byteLength - 1]) {
      expect(decodeEntry("key", entry.slice(0, length).buffer)).toBeUndefined();
    }
    expect(decodeEntry("key", Uint8Array.from([0, 0, 0, 4, 1, 2, 3, 4]).buffer)).toBeUndefined();
  });
});

describe("the store", () => {
  it("finds in the location what memory has forgotten, under any length of key", async () => {
    for (const key of ["short", "long ".repeat(1_000)]) {
      await responseStore.write(key, [inline("kept")]);
      expect(responseStore.peek(key, Date.now())).toHaveLength(1);
      responseStore.forget(key);
      expect(responseStore.peek(key, Date.now())).toBeUndefined();
      const [variant] = await responseStore.read(key);
      expect(new TextDecoder().decode(variant!.bytes)).toBe("kept");
      await responseStore.remove(key);
      expect(await responseStore.read(key)).toEqual([]);
    }
  });

  it("looks at the location again after five seconds", async () => {
    await responseStore.write("aging", [inline("kept")]);
    expect(responseStore.peek("aging", Date.now() + 4_000)).toHaveLength(1);
    expect(responseStore.peek("aging", Date.now() + 6_000)).toBeUndefined();
  });

  it("opens spans of bodies that lie by themselves", async () => {
    for (const size of [100_000, 2_000_000]) {
      const body = new Uint8Array(size).map((_, position) => position % 251);
      const bodyId = crypto.randomUUID();
      const recorder = new BodyRecorder(bodyId, size);
      for (let at = 0; at < size; at += 50_000) await recorder.write(body.slice(at, at + 50_000));
      const recorded = await recorder.finish();
      expect(recorded).toMatchObject({ form: "whole", length: size });
      const variant = new Variant(describeStored({ bodyId, form: "whole", length: size }));
      const opened = await responseStore.openBody("k", variant, { first: 70_000, last: 70_009 });
      expect(new Uint8Array(await new Response(opened).arrayBuffer())).toEqual(body.slice(70_000, 70_010));
    }
  });
});

describe("a recorder", () => {
  it.each([
    ["too short", 10, ["12345"]],
    ["too long", 3, ["12345"]],
    ["too short for what is stored apart", 3_000_000, ["x".repeat(2_000_000)]],
  ])("of a body that is %s stores nothing", async (_case, expected, chunks) => {
    const recorder = new BodyRecorder(crypto.randomUUID(), expected);
    for (const chunk of chunks) await recorder.write(bytesOf(chunk));
    expect(await recorder.finish()).toBeUndefined();
  });

  it("keeps bodies of unknown length in slices once they are large", async () => {
    const recorder = new BodyRecorder(crypto.randomUUID(), undefined);
    for (let time = 0; time < 5; time++) await recorder.write(new Uint8Array(600_000));
    expect(await recorder.finish()).toMatchObject({ form: "sliced", length: 3_000_000 });
  });
});

describe("memory", () => {
  it("stays within its bytes, and lets go what was used longest ago", () => {
    const tier = new MemoryTier(16_000);
    const of = (size: number) => [inline("x".repeat(size))];
    tier.set("a", of(5_000), Infinity);
    tier.set("b", of(5_000), Infinity);
    tier.get("a", 0);
    tier.set("c", of(5_000), Infinity);
    expect(["a", "b", "c"].map((key) => tier.get(key, 0) !== undefined)).toEqual([true, false, true]);
    tier.set("huge", of(50_000), Infinity);
    expect(tier.get("huge", 0)).toBeUndefined();
    expect(tier.used).toBeLessThanOrEqual(16_000);
    tier.delete("a");
    tier.delete("c");
    expect(tier.used).toBe(0);
  });
});
