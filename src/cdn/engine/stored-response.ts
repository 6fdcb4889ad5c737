import type { Exchange, Freshness } from "./freshness.ts";
import type { SelectingHeader } from "./vary.ts";

/**
 * Where a body is. `inline`: in the index entry itself. `whole`: an entry of its own. `sliced`: entries of
 * SLICE_BYTES each, of which some may be missing. `none`: the response has no body.
 */
export type BodyForm = "none" | "inline" | "whole" | "sliced";

/** What the index of a location keeps of one response: a variant of a cache key. */
export interface StoredResponse extends Exchange {
  /** Names the entries of the body, which never change. */
  readonly bodyId: string;
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly selecting: readonly SelectingHeader[];
  readonly freshness: Freshness;
  readonly form: BodyForm;
  /** Bytes of the body; of the whole representation when it is sliced. */
  readonly length: number;
  /** Of a 206: what the body is of the whole representation. */
  readonly part?: { readonly first: number; readonly last: number; readonly total: number };
  /** The latest invalidation that was known when the origin was asked. */
  readonly invalidation: number;
  readonly tags?: readonly string[];
}

/** Bodies above this are kept in slices, and so are those of which a range is asked first. */
export const WHOLE_BODY_BYTES = 64 * 1024 * 1024;
/** Asking the origin for whole slices makes a range of 1 to 4 MB cost one more at most. */
export const SLICE_BYTES = 1024 * 1024;
