import { askFunctionRegistry } from "../metadata/function/client.ts";
import { readInvocations } from "../metadata/logs/invocations.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readPage } from "./input.ts";

const NEXT = /^(\d{1,15})-([\w-]{1,128})$/;

/**
 * GET /accounts/{id}/functions/{name}/invocations → `{invocations: [Record], next?}`, the latest first; `after=<next>`
 * goes further back. They lie with the function's logs: `group=` names their group once the function is deleted.
 */
export async function listInvocations({ env, parameters, query }: VergeCall): Promise<VergeResult> {
  const { after, limit } = readPage(query);
  const [, startedAt, requestId = ""] = NEXT.exec(after) ?? [];
  if (after !== "" && startedAt === undefined) {
    throw apiError("ValidationError", "after: must be the `next` of a page before");
  }
  const [accountId, functionName] = [parameter({ parameters }, "id"), parameter({ parameters }, "name")];
  const found = await askFunctionRegistry(env, accountId, (registry) => registry.findFunction(functionName, "$LATEST"));
  const group = query.get("group") ?? found?.version.settings.logging.group ?? `/aws/lambda/${functionName}`;
  const position = startedAt === undefined ? {} : { after: { startedAt: Number(startedAt), requestId } };
  const records = (await readInvocations(env, accountId, { group, functionName, limit, ...position })) ?? [];
  const invocations = records.map((record) => ({ ...record, startedAt: new Date(record.startedAt).toISOString() }));
  const last = records.at(-1);
  return {
    status: 200,
    body: { invocations, ...(records.length === limit && last && { next: `${last.startedAt}-${last.requestId}` }) },
  };
}
