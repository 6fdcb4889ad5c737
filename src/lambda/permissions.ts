import type { ServiceError } from "../lib/errors.ts";
import type { PolicyOutcome, PolicyRecord, PolicyStatement } from "../metadata/function/protocol.ts";
import { type LambdaCall, type LambdaResult, parameter } from "./call.ts";
import { functionNotFound, invalidParameter, lambdaError, revisionMismatch } from "./errors.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";

export const STATEMENT_ID = /^([a-zA-Z0-9-_]+)$/;
const ACTION = /^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/;
const ARN = /^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)$/;
const ACCOUNT = /^\d{12}$/;
const SERVICE = /^[a-z0-9.-]+\.amazonaws\.com$/;
const IAM_PRINCIPAL = /^arn:aws:iam::\d{12}:(root|user\/.+|role\/.+)$/;

/** AddPermission: answers the statement that it added to the resource's policy. */
export async function addPermission(call: LambdaCall): Promise<LambdaResult> {
  const qualifier = readPolicyQualifier(call);
  const input = Input.parse(call.body);
  const sid = input.requireText("StatementId", { min: 1, max: 100, pattern: STATEMENT_ID });
  const action = input.requireText("Action", { pattern: ACTION });
  const principal = input.requireText("Principal", { pattern: /^[^\s]+$/ });
  const revisionId = input.text("RevisionId");
  const condition = readCondition(input);
  input.finish();
  const statement: PolicyStatement = {
    Sid: sid,
    Effect: "Allow",
    Principal: describePrincipal(principal),
    Action: action,
    Resource: formatFunctionArn(call.region, call.target),
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
  const answer = await call.ports
    .registry(call.target.accountId)
    .addStatement(call.target.name, qualifier, statement, revisionId);
  call.directory.forgetAll();
  requirePolicy(sid, answer, () => functionNotFound(formatFunctionArn(call.region, call.target)));
  return { status: 201, json: { Statement: JSON.stringify(statement) } };
}

/** RemovePermission. */
export async function removePermission(call: LambdaCall): Promise<LambdaResult> {
  const sid = parameter(call, "StatementId");
  const answer = await call.ports
    .registry(call.target.accountId)
    .removeStatement(call.target.name, readPolicyQualifier(call), sid, call.query.get("RevisionId"));
  call.directory.forgetAll();
  requirePolicy(sid, answer, () => functionNotFound(formatFunctionArn(call.region, call.target)));
  return { status: 204 };
}

/** GetPolicy: the policy as JSON text, and its revision. */
export async function getPolicy(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const policy = await call.ports.registry(accountId).findPolicy(name, readPolicyQualifier(call));
  if (!policy) throw lambdaError("ResourceNotFoundException", "The resource you requested does not exist.");
  const document = { Version: "2012-10-17", Id: "default", Statement: policy.statements };
  return { status: 200, json: { Policy: JSON.stringify(document), RevisionId: policy.revisionId } };
}

/** Empty for the function itself; a version or alias has a policy of its own. */
function readPolicyQualifier({ target: { qualifier } }: LambdaCall): string {
  if (qualifier === LATEST) throw invalidParameter("We currently do not support adding policies for $LATEST.");
  return qualifier ?? "";
}

function readCondition(input: Input): Record<string, Record<string, string>> {
  const equals: Record<string, string> = {};
  const sourceArn = input.text("SourceArn", { pattern: ARN });
  const sourceAccount = input.text("SourceAccount", { pattern: ACCOUNT });
  const token = input.text("EventSourceToken", { max: 256, pattern: /^[a-zA-Z0-9._-]+$/ });
  const organisation = input.text("PrincipalOrgID", { min: 12, max: 34, pattern: /^o-[a-z0-9]{10,32}$/ });
  const authType = input.text("FunctionUrlAuthType", { values: ["NONE", "AWS_IAM"] });
  const viaUrl = input.boolean("InvokedViaFunctionUrl");
  if (sourceAccount !== undefined) equals["AWS:SourceAccount"] = sourceAccount;
  if (token !== undefined) equals["lambda:EventSourceToken"] = token;
  if (organisation !== undefined) equals["aws:PrincipalOrgID"] = organisation;
  if (authType !== undefined) equals["lambda:FunctionUrlAuthType"] = authType;
  return {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(viaUrl !== undefined && { Bool: { "lambda:InvokedViaFunctionUrl": String(viaUrl) } }),
    ...(sourceArn !== undefined && { ArnLike: { "AWS:SourceArn": sourceArn } }),
  };
}

function describePrincipal(principal: string): PolicyStatement["Principal"] {
  if (principal === "*") return "*";
  if (ACCOUNT.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (IAM_PRINCIPAL.test(principal)) return { AWS: principal };
  if (SERVICE.test(principal)) return { Service: principal };
  throw invalidParameter("The provided principal was invalid. Please check the principal and try again.");
}

/** The policy after a change; `notFound` is what is said when there is nothing that it could be of. */
export function requirePolicy(sid: string, answer: PolicyOutcome, notFound: () => ServiceError): PolicyRecord {
  switch (answer.outcome) {
    case "ok":
      return answer.policy;
    case "not-found":
      throw notFound();
    case "stale-revision":
      throw revisionMismatch();
    case "exists":
      throw lambdaError(
        "ResourceConflictException",
        `The statement id (${sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      );
    case "no-such-statement":
      throw lambdaError("ResourceNotFoundException", `Statement ${sid} is not found in resource policy.`);
    case "too-long":
      throw lambdaError("PolicyLengthExceededException", "The final policy size is bigger than the limit (20480).");
  }
}
