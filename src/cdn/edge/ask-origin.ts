import type { BehaviorFunctions } from "../functions/associations.ts";
import { type OriginVerdict, runOriginRequest, runOriginResponse } from "../functions/origin-functions.ts";
import {
  answerHere,
  callOrigins,
  type OriginAnswer,
  type OriginCall,
  type OriginContext,
} from "../origin/call-origin.ts";
import { filterQuery } from "./name-filter.ts";
import { buildOriginHeaders } from "./origin-headers.ts";
import type { Passage } from "./passage.ts";
import { askShield, usesShield } from "./shield.ts";

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
export async function askOrigin(passage: Passage, { method, fields, withBody }: Question): Promise<OriginAnswer> {
  if (usesShield(passage, method) && !withBody) return askShield(passage, method, fields);
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
    bodyBroken: viewer.bodyBroken,
  };
  const { id: distributionId, snapshot, breaker } = distribution;
  const context = { ports, domain, distributionId, accountId: snapshot.accountId, breaker };
  const { functions } = behavior;
  if (!functions?.["origin-request"] && !functions?.["origin-response"]) {
    return callOrigins(behavior.origins, behavior.failoverStatuses, call, context);
  }
  return askWithFunctions(passage, functions, call, context);
}

/** A function sees the first origin; where it chooses another, that one alone is asked. */
async function askWithFunctions(
  { behavior, distribution, viewer, ports }: Passage,
  functions: BehaviorFunctions,
  asked: OriginCall,
  context: OriginContext,
): Promise<OriginAnswer> {
  const own = { distribution, viewer, ports };
  const before = functions["origin-request"];
  const after = functions["origin-response"];
  const [first] = behavior.origins;
  const verdict: OriginVerdict = before
    ? await runOriginRequest(before, asked, first, own)
    : { kind: "call", call: asked, target: undefined };
  if (verdict.kind === "answer") return answerHere(verdict.response);
  const { call, target } = verdict;
  const origins = target ? [target] : behavior.origins;
  const answer = await callOrigins(origins, behavior.failoverStatuses, call, context);
  // A connection is no answer that a function could change.
  if (!after || answer.response.webSocket) return answer;
  try {
    return { ...answer, response: await runOriginResponse(after, call, target ?? first, answer.response, own) };
  } catch (error) {
    await answer.watch.giveUp(answer.response);
    throw error;
  }
}
