import { ServiceError } from "../lib/errors.ts";
import { askRegistry, registryOf } from "../metadata/registry/client.ts";
import type { AuditRecord } from "../metadata/registry/protocol.ts";
import type { VergeCall, VergeOperation, VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readPage } from "./input.ts";

/** Paths come from the caller, up to the length of a URL. */
const MAX_TARGET_LENGTH = 300;

/** GET /audit → `{records: [Record], next?}`, newest first; `after=<next>` goes further back. */
export async function listAudit(call: VergeCall): Promise<VergeResult> {
  const { after, limit } = readPage(call.query);
  if (!/^\d{0,15}$/.test(after)) throw apiError("ValidationError", "after: must be the `next` of a page before");
  const before = after === "" ? undefined : Number(after);
  const page = await askRegistry(call.env, (registry) => registry.listAudit(before, limit));
  const records = page.items.map(describeRecord);
  return { status: 200, body: page.next === undefined ? { records } : { records, next: page.next } };
}

/**
 * Runs an operation for the root account, refuses everyone else, and leaves a record of both. The record
 * is made before the operation does anything, so that a crash between the two cannot hide a change.
 * Unsigned calls leave none: strangers must not be able to write.
 */
export async function runAudited(operation: VergeOperation, call: VergeCall): Promise<VergeResult> {
  if (call.identity.kind === "anonymous") throw apiError("AccessDenied", "Access Denied");
  const { account, accessKeyId } = call.identity;
  const target = fillTemplate(operation.path, call.parameters).slice(0, MAX_TARGET_LENGTH);
  const sequence = await registryOf(call.env).beginAudit({
    requestId: call.requestId,
    accountId: account.id,
    accessKeyId,
    source: call.source,
    action: operation.name,
    target,
  });
  let [outcome, appliedTo] = ["InternalError", target];
  try {
    if (!account.root) throw apiError("AccessDenied", "Access Denied");
    const result = await operation.handle(call);
    [outcome, appliedTo] = ["Success", result.target ?? target];
    return result;
  } catch (error) {
    if (error instanceof ServiceError) outcome = error.code;
    throw error;
  } finally {
    await askRegistry(call.env, (registry) => registry.endAudit(sequence, outcome, appliedTo)).catch(reportLostOutcome);
  }
}

/** What was done is done, and its answer may hold a secret that is shown only once: the record stays `Started`. */
function reportLostOutcome(error: unknown): void {
  console.error("The outcome of a management call was not recorded:", error);
}

function fillTemplate(path: string, parameters: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? "");
}

function describeRecord(record: AuditRecord): object {
  return { ...record, at: new Date(record.at).toISOString() };
}
