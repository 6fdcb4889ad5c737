import { runRecorded } from "../metadata/registry/audited.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { AuditRecord } from "../metadata/registry/protocol.ts";
import type { VergeCall, VergeOperation, VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readPage } from "./input.ts";

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
 * Runs an operation for the root account, refuses everyone else, and leaves a record of both. Unsigned calls leave
 * none: strangers must not be able to write.
 */
export async function runAudited(operation: VergeOperation, call: VergeCall): Promise<VergeResult> {
  if (call.identity.kind === "anonymous") throw apiError("AccessDenied", "Access Denied");
  const { account, accessKeyId } = call.identity;
  const event = {
    requestId: call.requestId,
    accountId: account.id,
    accessKeyId,
    source: call.source,
    action: operation.name,
    target: fillTemplate(operation.path, call.parameters),
  };
  const run = async () => {
    if (!account.root) throw apiError("AccessDenied", "Access Denied");
    return operation.handle(call);
  };
  return runRecorded(call.env, event, run, ({ target }) => target);
}

function fillTemplate(path: string, parameters: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? "");
}

function describeRecord(record: AuditRecord): object {
  return { ...record, at: new Date(record.at).toISOString() };
}
