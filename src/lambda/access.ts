import { isAllowedByStatements, type StatementRequest } from "../auth/policy/statements.ts";
import type { LambdaCall } from "./call.ts";
import { lambdaError } from "./errors.ts";
import { formatFunctionArn, type FunctionName, LATEST } from "./names.ts";

/**
 * Decides whether a caller may do `action` with the addressed function: the owning account always, others by
 * the resource-based policy of what they address (the function, a version or an alias).
 * @throws ServiceError AccessDeniedException
 */
export async function authorise(
  call: Pick<LambdaCall, "account" | "target" | "region" | "directory">,
  action: string,
): Promise<void> {
  const { account, target, region } = call;
  if (target.accountId === account.id) return;
  const principal = { kind: "account", accountId: account.id } as const;
  if (await isAllowedByPolicy(call, { principal, action, context: {} })) return;
  throw lambdaError(
    "AccessDeniedException",
    `User: arn:aws:iam::${account.id}:root is not authorized to perform: ${action} on resource: ${formatFunctionArn(region, target)} because no resource-based policy allows the ${action} action`,
  );
}

/** What the resource-based policy of the target says. */
export async function isAllowedByPolicy(
  { target, region, directory }: Pick<LambdaCall, "region" | "directory"> & { readonly target: FunctionName },
  request: Omit<StatementRequest, "resource">,
): Promise<boolean> {
  const qualifier = target.qualifier === LATEST ? undefined : target.qualifier;
  const policy = await directory.findPolicy(target.accountId, target.name, qualifier ?? "");
  const resource = formatFunctionArn(region, { ...target, qualifier });
  return policy !== undefined && isAllowedByStatements(policy.statements, { ...request, resource });
}
