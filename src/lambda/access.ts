import { decideForPrincipal, decideForResource, isAccountItself, refuse } from "../auth/policy/decide-action.ts";
import type { Decision } from "../auth/policy/evaluate.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import { toPolicy } from "../auth/policy/statements.ts";
import type { LambdaCall } from "./call.ts";
import { formatFunctionArn, LATEST } from "./names.ts";

export type AddressedFunction = Pick<LambdaCall, "target" | "region" | "directory">;

/** What is asked for; condition keys of Lambda's own with their names in lower case. */
export interface FunctionAction {
  readonly action: string;
  readonly keys?: Readonly<Record<string, string>>;
}

/** Whether nothing could refuse it: the account itself with what is its own. */
export function isPlainlyOwn({ account, identity, target }: Pick<LambdaCall, "account" | "identity" | "target">) {
  return target.accountId === account.id && isAccountItself(identity);
}

/**
 * Refuses what the caller may not do with the addressed function (`decideFunctionAccess`).
 * @throws ServiceError AccessDenied
 */
export async function authorise(call: AddressedFunction, facts: RequestFacts, asked: FunctionAction): Promise<void> {
  const decision = await decideFunctionAccess(call, facts, asked);
  const resource = formatFunctionArn(call.region, call.target);
  if (!decision.allowed) throw refuse(facts.identity, { ...asked, resource }, decision);
}

/**
 * Whether a caller may do something with a function: within the account its own policies or the function's are
 * enough, another account needs both. What counts is the policy of what is addressed: the function, a version or
 * an alias. Such policies only ever allow, so that they are not read where the caller's own are enough.
 */
export async function decideFunctionAccess(
  { target, region, directory }: AddressedFunction,
  facts: RequestFacts,
  asked: FunctionAction,
): Promise<Decision> {
  const { identity } = facts;
  if (identity.kind === "account" && identity.account.id === target.accountId) {
    const own = decideForPrincipal(facts, { ...asked, resource: formatFunctionArn(region, target) });
    if (own.allowed || own.explicit) return own;
  }
  const qualifier = target.qualifier === LATEST ? undefined : target.qualifier;
  const policy = await directory.findPolicy(target.accountId, target.name, qualifier ?? "");
  const policies = policy ? [toPolicy(`function ${target.name}`, policy.statements)] : [];
  const resource = formatFunctionArn(region, { ...target, qualifier });
  return decideForResource(facts, { ...asked, resource }, { ownerId: target.accountId, policies });
}
