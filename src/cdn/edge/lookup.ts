import type { Directives } from "../engine/directives.ts";
import { decideReuse, type Reuse } from "../engine/reuse.ts";
import { selects } from "../engine/vary.ts";
import type { Variant } from "../store/variant.ts";
import { coversRange } from "./answer.ts";
import { forwardedReader, type Passage } from "./passage.ts";

/** What is stored for a request, and what may be done with it. */
export interface Found {
  /** Those of the key that no invalidation concerns. */
  readonly variants: readonly Variant[];
  readonly selected: Variant | undefined;
  readonly reuse: Reuse;
}

const VALIDATE: Reuse = { kind: "validate" };

/** Chooses among the variants of a key: the first one that the request selects. */
export function findReusable(
  passage: Passage,
  stored: readonly Variant[],
  asked: Directives | undefined,
  now: number,
): Found {
  const variants = stored.filter((variant) => isValid(passage, variant));
  const selected = variants.find((variant) => isSelected(passage, variant));
  if (!selected) return { variants, selected, reuse: VALIDATE };
  return { variants, selected, reuse: decideReuse(selected.stored, now, selected.purgedAt, asked) };
}

/** Notes on the variant what the invalidations say, so that they are looked through once. */
function isValid({ distribution, viewer, key }: Passage, variant: Variant): boolean {
  const { invalidations } = distribution;
  if (variant.checkedInvalidation >= invalidations.latest) return true;
  const verdict = invalidations.judge(variant.checkedInvalidation, viewer.path, key.query, variant.stored.tags);
  if (verdict.kind === "invalid") return false;
  if (verdict.kind === "stale") variant.purgedAt = verdict.since;
  variant.checkedInvalidation = invalidations.latest;
  return true;
}

function isSelected(passage: Passage, variant: Variant): boolean {
  const { viewer } = passage;
  const { part, selecting } = variant.stored;
  if (part && (viewer.method !== "GET" || !coversRange(variant, viewer.headers.get("range")))) return false;
  if (selecting.length === 0) return true;
  return selects(selecting, variant.headers.get("content-language"), forwardedReader(passage));
}
