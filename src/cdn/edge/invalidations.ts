import type { InvalidationRecord } from "../../metadata/cdn/protocol.ts";
import { normalisePath } from "./path-patterns.ts";

/** The latest record that concerns something, of each kind. */
interface Latest {
  hard: number;
  soft: number;
  /** When the latest soft one was made, in milliseconds since the epoch. */
  softAt: number;
}

export type InvalidationVerdict =
  | { readonly kind: "valid" }
  | { readonly kind: "invalid" }
  /** A soft invalidation: stale since then. */
  | { readonly kind: "stale"; readonly since: number };

const VALID: InvalidationVerdict = { kind: "valid" };
const INVALID: InvalidationVerdict = { kind: "invalid" };

/**
 * All records of a distribution, compiled so that looking an entry up takes one step for each length of wildcard,
 * however many records there are. An entry that is as new as the latest record takes none.
 */
export class InvalidationMatcher {
  /** The highest number of all. */
  readonly latest: number;
  readonly #rootPath: string | undefined;
  readonly #paths = new Map<string, Latest>();
  readonly #prefixes = new Map<string, Latest>();
  readonly #tags = new Map<string, Latest>();
  #prefixLengths: readonly number[] = [];

  /** `rootObject` is what the distribution answers `/` with: whoever names the one means the other. Empty for none. */
  constructor(records: readonly InvalidationRecord[], rootObject = "") {
    this.#rootPath = rootObject === "" ? undefined : normalisePath(`/${rootObject}`);
    let latest = 0;
    for (const record of records) {
      latest = Math.max(latest, record.number);
      for (const path of record.paths) this.#addPath(path, record);
      for (const tag of record.tags ?? []) note(this.#tags, tag.toLowerCase(), record);
    }
    this.latest = latest;
    this.#prefixLengths = [...new Set([...this.#prefixes.keys()].map((prefix) => prefix.length))];
  }

  /**
   * Whether records later than `since` concern what was stored for a path and query (as keyed, without `?`).
   * CloudFront invalidates exactly what a path names: with its query where the query is in the key.
   */
  judge(since: number, path: string, query: string, tags: readonly string[] | undefined): InvalidationVerdict {
    if (since >= this.latest) return VALID;
    const normalised = normalisePath(path);
    const subject = query === "" ? normalised : `${normalised}?${query}`;
    let softAt = 0;
    for (const found of this.#concerning(subject, tags)) {
      if (found.hard > since) return INVALID;
      if (found.soft > since) softAt = Math.max(softAt, found.softAt);
    }
    return softAt > 0 ? { kind: "stale", since: softAt } : VALID;
  }

  *#concerning(subject: string, tags: readonly string[] | undefined): Iterable<Latest> {
    const exact = this.#paths.get(subject);
    if (exact) yield exact;
    for (const length of this.#prefixLengths) {
      const prefix = subject.length >= length && this.#prefixes.get(subject.slice(0, length));
      if (prefix) yield prefix;
    }
    for (const tag of tags ?? []) {
      const tagged = this.#tags.get(tag);
      if (tagged) yield tagged;
    }
  }

  #addPath(written: string, record: InvalidationRecord): void {
    const path = written.startsWith("/") ? written : `/${written}`;
    const wildcard = path.endsWith("*");
    const [plain = "", ...query] = (wildcard ? path.slice(0, -1) : path).split("?");
    const known = wildcard ? this.#prefixes : this.#paths;
    note(known, [normalisePath(plain), ...query].join("?"), record);
    if (plain === "/" && this.#rootPath !== undefined) note(known, [this.#rootPath, ...query].join("?"), record);
  }
}

function note(latest: Map<string, Latest>, name: string, { number, soft, at }: InvalidationRecord): void {
  let known = latest.get(name);
  if (!known) latest.set(name, (known = { hard: 0, soft: 0, softAt: 0 }));
  if (!soft) known.hard = Math.max(known.hard, number);
  else if (number > known.soft) [known.soft, known.softAt] = [number, at];
}
