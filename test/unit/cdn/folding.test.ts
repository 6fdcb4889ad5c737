import { describe, expect, it } from "vitest";
import { foldRecords } from "../../../src/metadata/cdn/folding.ts";
import type { InvalidationRecord } from "../../../src/metadata/cdn/protocol.ts";

const record = (number: number, ...paths: string[]): InvalidationRecord => ({ number, paths, at: number * 1_000 });

describe("folding records of invalidations", () => {
  it("keeps few paths as they are, each with its latest number", () => {
    expect(foldRecords([record(1, "/a", "/b"), record(2, "/b"), record(3, "/c*")])).toEqual([
      { number: 1, paths: ["/a"], tags: [], at: 3_000 },
      { number: 2, paths: ["/b"], tags: [], at: 3_000 },
      { number: 3, paths: ["/c*"], tags: [], at: 3_000 },
    ]);
  });

  it("cuts many paths to the longest prefixes of which there are few", () => {
    const records = Array.from({ length: 500 }, (_, n) => record(n + 1, `/images/${n % 3}/${n}.png`));
    const folded = foldRecords(records);
    expect(folded).toMatchObject([
      { number: 498, paths: ["/images/2/*"] },
      { number: 499, paths: ["/images/0/*"] },
      { number: 500, paths: ["/images/1/*"] },
    ]);
  });

  it("ends with everything where nothing is shared", () => {
    const records = Array.from({ length: 101 }, (_, n) => record(n + 1, `/${n}`));
    expect(foldRecords(records)).toMatchObject([{ number: 101, paths: ["/*"] }]);
  });

  it("keeps soft ones apart, and tags while they are few", () => {
    const folded = foldRecords([
      { ...record(1, "/a"), tags: ["red"] },
      { ...record(2, "/b"), soft: true },
    ]);
    expect(folded).toEqual([
      { number: 1, paths: ["/a"], tags: ["red"], at: 1_000 },
      { number: 2, paths: ["/b"], tags: [], soft: true, at: 2_000 },
    ]);
    const many = Array.from({ length: 101 }, (_, n) => ({ ...record(n + 1), tags: [`tag-${n}`] }));
    expect(foldRecords(many)).toEqual([{ number: 101, paths: ["/*"], at: 101_000 }]);
  });
});
