import { callOrigins, type OriginAnswer } from "../origin/call-origin.ts";
import { filterQuery } from "./name-filter.ts";
import { buildOriginHeaders } from "./origin-headers.ts";
import type { Passage } from "./passage.ts";

export interface Question {
  readonly method: string;
  /** Conditions and ranges: over the headers that the policies forward. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Whether the viewer's body goes along. */
  readonly withBody?: boolean;
}

/**
 * Asks the origins of a passage.
 * @throws {OriginError} when none gives an answer.
 */
export function askOrigin(passage: Passage, { method, fields, withBody }: Question): Promise<OriginAnswer> {
  const { behavior, viewer, key, distribution, ports, domain } = passage;
  const headers = buildOriginHeaders(behavior, viewer, key.codings, distribution.id);
  for (const [name, value] of fields) headers.set(name, value);
  const call = {
    method,
    viewerProtocol: viewer.protocol,
    path: viewer.path,
    query: filterQuery(behavior.forward.query, viewer.query),
    headers,
    body: withBody ? viewer.body : null,
  };
  const { accountId } = distribution.snapshot;
  return callOrigins(behavior.origins, behavior.failoverStatuses, call, { ports, domain, accountId });
}
