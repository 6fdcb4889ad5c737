/** What is measured, and what of it is promised. */

export type SideName = "bare" | "verge" | "s3rver";

/** Objects that are there before anything is measured, all of one size. */
export interface ObjectSet {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

export interface BenchCase {
  readonly name: string;
  readonly method: "GET" | "HEAD" | "PUT" | "LIST";
  /** Of the bodies; 0 for LIST. */
  readonly bytes: number;
  readonly connections: number;
  /** Read from; for LIST it is the listing. */
  readonly set?: ObjectSet;
  /**
   * Each object once, by a server that has just started: nothing can come from a cache of the server. So
   * many of the set's objects come before the clock runs, so that its code is warm.
   */
  readonly coldWarmup?: number;
  /** Goal: at least this multiple of the bare Worker's throughput. */
  readonly goal: number;
  /** Goal: more throughput than s3rver. */
  readonly beatsS3rver: boolean;
}

const KB = 1024;
const MB = 1024 * KB;

/** How many keys the listed bucket has, and how many a LIST asks for. */
export const LISTED_KEYS = 100_000;
export const PAGE_KEYS = 1_000;

const SMALL_SET: ObjectSet = { name: "1k", count: 1_000, bytes: KB };
const HOT_64K: ObjectSet = { name: "64k-hot", count: 32, bytes: 64 * KB };
const COLD_64K: ObjectSet = { name: "64k-cold", count: 2_400, bytes: 64 * KB };
const HOT_8M: ObjectSet = { name: "8m-hot", count: 4, bytes: 8 * MB };
const COLD_8M: ObjectSet = { name: "8m-cold", count: 56, bytes: 8 * MB };

/** At 8 MB, and for pages of a listing, one answer is a load by itself. */
const SMALL_LOAD = 16;
const LARGE_LOAD = 4;

const CASES: readonly BenchCase[] = [
  { name: "get-1k", method: "GET", bytes: KB, connections: SMALL_LOAD, set: SMALL_SET, goal: 2, beatsS3rver: true },
  { name: "put-1k", method: "PUT", bytes: KB, connections: SMALL_LOAD, goal: 2, beatsS3rver: true },
  {
    name: "get-64k-cold",
    method: "GET",
    bytes: 64 * KB,
    connections: SMALL_LOAD,
    set: COLD_64K,
    coldWarmup: 400,
    goal: 0.85,
    beatsS3rver: false,
  },
  {
    name: "get-64k-hot",
    method: "GET",
    bytes: 64 * KB,
    connections: SMALL_LOAD,
    set: HOT_64K,
    goal: 1.2,
    beatsS3rver: false,
  },
  { name: "put-64k", method: "PUT", bytes: 64 * KB, connections: SMALL_LOAD, goal: 0.75, beatsS3rver: false },
  {
    name: "get-8m-cold",
    method: "GET",
    bytes: 8 * MB,
    connections: LARGE_LOAD,
    set: COLD_8M,
    coldWarmup: 8,
    goal: 0.85,
    beatsS3rver: false,
  },
  {
    name: "get-8m-hot",
    method: "GET",
    bytes: 8 * MB,
    connections: LARGE_LOAD,
    set: HOT_8M,
    goal: 1.2,
    beatsS3rver: false,
  },
  { name: "put-8m", method: "PUT", bytes: 8 * MB, connections: LARGE_LOAD, goal: 0.75, beatsS3rver: false },
  { name: "head", method: "HEAD", bytes: KB, connections: SMALL_LOAD, set: SMALL_SET, goal: 1, beatsS3rver: false },
  { name: "list", method: "LIST", bytes: 0, connections: LARGE_LOAD, goal: 1, beatsS3rver: true },
];

/** The cases named, also by a part before a dash: `get-64k` means both of its cases. */
export function selectCases(only: readonly string[]): BenchCase[] {
  for (const name of only) {
    if (!CASES.some((one) => matches(one, name))) {
      throw new Error(`There is no case "${name}". There are: ${CASES.map((one) => one.name).join(", ")}.`);
    }
  }
  return CASES.filter((one) => only.length === 0 || only.some((name) => matches(one, name)));
}

function matches({ name }: BenchCase, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}-`);
}

export function objectTarget(set: ObjectSet, index: number): string {
  return `/objects/${set.name}/${String(index).padStart(6, "0")}`;
}

export function listedKey(index: number): string {
  return `key-${String(index).padStart(6, "0")}`;
}

/**
 * A page that begins after the listed key `index`. Version 2 of ListObjects, but version 1 for s3rver: its
 * tokens need a cipher that Node no longer has. A page costs it the same.
 */
export function listTarget(side: SideName, index: number): string {
  const start = listedKey(index);
  return side === "s3rver"
    ? `/listing?max-keys=${PAGE_KEYS}&marker=${start}`
    : `/listing?list-type=2&max-keys=${PAGE_KEYS}&start-after=${start}`;
}
