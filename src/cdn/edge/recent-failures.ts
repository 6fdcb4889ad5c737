import { mayServeOnError } from "../engine/reuse.ts";
import type { Variant } from "../store/variant.ts";
import type { Land } from "./flights.ts";
import type { Passage } from "./passage.ts";

/** An exchange in which the origins of a key gave no answer, or none that is of use. */
export interface Failure {
  /** As the viewer would have got it: 500, 502, 503 or 504. */
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
  /** Of the distribution: a change of it, or an invalidation, is a reason to ask again. */
  readonly revision: number;
}

/** "Error caching minimum TTL", where the distribution has none for a status. */
const DEFAULT_COVER_SECONDS = 10;
const MAX_FAILURES = 10_000;

/**
 * Keys whose origins have failed a moment ago, in this isolate. They are not asked again for as long as CloudFront keeps
 * an error ("How CloudFront processes errors"), so that an origin which is silent for thirty seconds costs one viewer
 * thirty seconds, and not each of them.
 */
class RecentFailures {
  readonly #failures = new Map<string, Failure>();

  /** The failure that counts for a request, of which `selected` is stored, if anything is. */
  find({ behavior, distribution, key }: Passage, selected: Variant | undefined, now: number): Failure | undefined {
    const failure = this.#failures.get(key.text);
    if (!failure) return undefined;
    const { status, failedAt, revision } = failure;
    const uncovered = behavior.ttl.errors.get(status) ?? 0;
    const covered = behavior.coverSeconds.get(status) ?? DEFAULT_COVER_SECONDS;
    const age = (now - failedAt) / 1_000;
    if (revision !== distribution.snapshot.revision || age >= Math.max(covered, uncovered)) {
      this.#failures.delete(key.text);
      return undefined;
    }
    const isCovered = selected && mayServeOnError(selected.stored, now, selected.purgedAt);
    return age < (isCovered ? covered : uncovered) ? failure : undefined;
  }

  /** Notes how an exchange ends, on its way to those who wait for it. */
  watching({ distribution, key }: Passage, land: Land): Land {
    return (outcome) => {
      this.#failures.delete(key.text);
      if (outcome.kind === "failed" && !outcome.unasked) {
        const { revision } = distribution.snapshot;
        this.#failures.set(key.text, { status: outcome.status, failedAt: Date.now(), revision });
        const [oldest] = this.#failures.size > MAX_FAILURES ? this.#failures.keys() : [];
        if (oldest !== undefined) this.#failures.delete(oldest);
      }
      land(outcome);
    };
  }
}

/** Of this isolate. */
export const recentFailures = new RecentFailures();
