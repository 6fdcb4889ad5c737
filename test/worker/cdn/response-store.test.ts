import { describe, expect, it } from "vitest";
import type { StoredResponse } from "../../../src/cdn/engine/stored-response.ts";
import { BodyRecorder } from "../../../src/cdn/store/body-recorder.ts";
import { attachBodies, decodeIndex, encodeEntry, type IndexEntry } from "../../../src/cdn/store/index-entry.ts";
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
  const restore = (key: string, { index, body }: IndexEntry) => {
    const variants = (decodeIndex(key, index) ?? []).map((stored) => new Variant(stored));
    return attachBodies(variants, body.buffer) ? variants : undefined;
  };

  it("comes back with all its variants and their small bodies", () => {
    const other = new Variant(describeStored({ form: "whole", length: 1e6 }));
    const variants = restore("key", encodeEntry("key", [inline("first"), other, inline("second one")])!)!;
    expect(variants.map(({ stored }) => stored.form)).toEqual(["inline", "whole", "inline"]);
    expect(variants.map(({ bytes }) => bytes && new TextDecoder().decode(bytes))).toEqual([
      "first",
      undefined,
      "second one",
    ]);
  });

  it("fits a header field, whatever characters there are", () => {
    const stored = describeStored({ fields: [["x-name", "Zoë \u{1f600} \u007f"]], statusText: "\r\n" });
    const { index } = encodeEntry("k\néy", [new Variant(stored, bytesOf("hello"))])!;
    expect(new Headers({ index }).get("index")).toMatch(/^[\x20-\x7e]+$/);
    expect(decodeIndex("k\néy", index)).toEqual([stored]);
  });

  it("lets the last variants go that a header field has no room for", () => {
    const large = (length: number) =>
      new Variant(describeStored({ fields: [["x-large", "x".repeat(length)]] }), bytesOf("hello"));
    const entry = encodeEntry("key", [large(15_000), large(15_000), large(15_000)])!;
    expect(restore("key", entry)).toHaveLength(2);
    expect(encodeEntry("key", [large(40_000)])).toBeUndefined();
  });

  it("of another key, of another version, or cut short, is none", () => {
    const { index, body } = encodeEntry("key", [inline("first")])!;
    expect(decodeIndex("other", index)).toBeUndefined();
    expect(decodeIndex("key", index.replace(/"version":\d+/, '"version":1'))).toBeUndefined();
    expect(decodeIndex("key", index.slice(0, 40))).toBeUndefined();
    expect(decodeIndex("key", null)).toBeUndefined();
    expect(restore("key", { index, body: body.slice(0, 4) })).toBeUndefined();
    expect(restore("key", { index, body: Uint8Array.from([...body, 0]) })).toBeUndefined();
  });
});

describe("the store", () => {
  it("finds in the location what memory has forgotten, under any length of key", async () => {
    for (const key of ["short", "long ".repeat(1_000)]) {
      await responseStore.write(key, [inline("kept")]);
      expect(responseStore.peek(key, Date.now())).toHaveLength(1);
      responseStore.forget(key);
      expect(responseStore.peek(key, Date.now())).toBeUndefined();
      const [variant] = await responseStore.read(key, false);
      expect(new TextDecoder().decode(variant!.bytes)).toBe("kept");
      await responseStore.remove(key);
      expect(await responseStore.read(key, false)).toEqual([]);
    }
  });

  it("hands on a body that it reads for the first time, and holds it the second time", async () => {
    await responseStore.write("streamed", [inline("kept")]);
    responseStore.forget("streamed");
    const [first] = await responseStore.read("streamed", true);
    expect(first!.bytes).toBeUndefined();
    const body = first!.takeBody();
    expect(body).toBeInstanceOf(ReadableStream);
    expect(await new Response(body).text()).toBe("kept");
    expect(responseStore.peek("streamed", Date.now())).toBeUndefined();
    const [second] = await responseStore.read("streamed", true);
    expect(new TextDecoder().decode(second!.bytes)).toBe("kept");
    expect(responseStore.peek("streamed", Date.now())).toEqual([second]);
  });

  it("keeps a body that was not handed on", async () => {
    await responseStore.write("unsent", [inline("kept")]);
    responseStore.forget("unsent");
    const variants = await responseStore.read("unsent", true);
    expect(await responseStore.keep("unsent", variants)).toBe(true);
    expect(new TextDecoder().decode(variants[0]!.bytes)).toBe("kept");
    expect(responseStore.peek("unsent", Date.now())).toBe(variants);
  });

  it("never hands on the bodies of several variants, or an empty one", async () => {
    for (const variants of [[inline("one"), inline("two")], [inline("")]]) {
      await responseStore.write("several", variants);
      responseStore.forget("several");
      const read = await responseStore.read("several", true);
      expect(read.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(
        variants.map(({ bytes }) => new TextDecoder().decode(bytes)),
      );
    }
  });

  it("leaves nothing of what it had when the new response has fields beyond measure", async () => {
    await responseStore.write("beyond", [inline("old")]);
    await responseStore.write("beyond", [
      new Variant(describeStored({ fields: [["x-large", "x".repeat(100_000)]] }), bytesOf("hello")),
    ]);
    responseStore.forget("beyond");
    expect(await responseStore.read("beyond", true)).toEqual([]);
  });

  it("looks at the location again after five seconds", async () => {
    await responseStore.write("aging", [inline("kept")]);
    expect(responseStore.peek("aging", Date.now() + 4_000)).toHaveLength(1);
    expect(responseStore.peek("aging", Date.now() + 6_000)).toBeUndefined();
  });

  it("opens spans of bodies that lie by themselves", async () => {
    for (const size of [100_000, 2_000_000]) {
      const variant = await record(size);
      const opened = await responseStore.openBody("k", variant, { first: 70_000, last: 70_009 });
      expect(new Uint8Array(await new Response(opened).arrayBuffer())).toEqual(
        new Uint8Array(10).map((_, position) => (70_000 + position) % 251),
      );
    }
  });

  it("holds what lies by itself from the second time on", async () => {
    const variant = await record(100_000);
    const whole = { first: 0, last: 99_999 };
    expect(await responseStore.openBody("k", variant, whole)).toBeInstanceOf(ReadableStream);
    expect(await responseStore.openBody("k", variant, whole)).toBe(variant.bytes);
  });

  async function record(size: number): Promise<Variant> {
    const body = new Uint8Array(size).map((_, position) => position % 251);
    const bodyId = crypto.randomUUID();
    const recorder = new BodyRecorder(bodyId, size);
    for (let at = 0; at < size; at += 50_000) await recorder.write(body.slice(at, at + 50_000));
    expect(await recorder.finish()).toMatchObject({ form: "whole", length: size });
    return new Variant(describeStored({ bodyId, form: "whole", length: size }));
  }
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
