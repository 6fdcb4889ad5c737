import type { RequestFacts } from "../../auth/policy/principal-keys.ts";
import { isAllowedByStatements } from "../../auth/policy/statements.ts";
import { formatDistributionArn } from "../../metadata/cdn/ids.ts";
import type { UrlRecord } from "../../metadata/function/protocol.ts";
import { decideFunctionAccess } from "../access.ts";
import type { LambdaCall } from "../call.ts";
import { lambdaError } from "../errors.ts";
import { type Executable, findExecutable } from "../invoke/executable.ts";
import { continueTrace } from "../invoke/lineage.ts";
import { streamExecutable } from "../invoke/stream.ts";
import { runExecutable } from "../invoke/sync.ts";
import { formatFunctionArn } from "../names.ts";
import type { InvokeInput } from "../runtime/protocol.ts";
import { applyCors } from "./cors.ts";
import { describeUrlEvent, type UrlRequest } from "./event.ts";
import { toUrlResponse } from "./response.ts";
import { toStreamedResponse } from "./streamed-response.ts";

/** What a call of a function URL needs of the deployment. */
export interface UrlContext extends Pick<LambdaCall, "target" | "region" | "directory" | "ports"> {
  /** Of who calls: with AuthType NONE nobody. */
  readonly facts: RequestFacts;
  /** Which distribution asks in its own name, by origin access control; undefined where none does. */
  readonly distribution: { readonly distributionId: string; readonly accountId: string } | undefined;
}

const ACTION = "lambda:InvokeFunctionUrl";
const CLOUDFRONT = { kind: "service", service: "cloudfront.amazonaws.com" } as const;

/**
 * Runs the function behind a URL for a caller who has been identified, and makes its result a response.
 * @throws ServiceError AccessDeniedException when the URL's policy does not let the caller in.
 */
export async function callFunctionUrl(url: UrlRecord, request: UrlRequest, context: UrlContext): Promise<Response> {
  await authoriseUrl(url, context);
  const executable = await findExecutable(context);
  const input: InvokeInput = {
    requestId: request.requestId,
    payload: describeUrlEvent(request, url.urlId, Date.now()),
    invokedArn: executable.invokedArn,
    traceId: continueTrace(request.headers.get("x-amzn-trace-id"), executable.runtimeFunction.arn).header,
  };
  const respond = url.invokeMode === "RESPONSE_STREAM" ? respondStreaming : respondBuffered;
  const answer =
    (await respond(context, executable, input)) ?? Response.json({ Message: "Internal Server Error" }, { status: 502 });
  if (url.cors) applyCors(answer.headers, url.cors, request.headers);
  return answer;
}

/** Undefined when the function fails, or its result is no response. */
async function respondBuffered(
  context: UrlContext,
  executable: Executable,
  input: InvokeInput,
): Promise<Response | undefined> {
  const output = await runExecutable(context, executable, input);
  return output.functionError === undefined ? toUrlResponse(output.payload) : undefined;
}

/** Undefined when the function fails before its response begins; what fails later breaks the body off. */
async function respondStreaming(
  context: UrlContext,
  executable: Executable,
  input: InvokeInput,
): Promise<Response | undefined> {
  return toStreamedResponse(await streamExecutable(context, executable, input));
}

/**
 * "Access control for function URLs": with AuthType NONE everybody whom the policy names for such URLs, which
 * is nobody until a statement for `*` is added; with AWS_IAM whom his own policies and the function's allow it, or
 * the distribution that the function's policy lets in.
 */
async function authoriseUrl(url: UrlRecord, context: UrlContext): Promise<void> {
  if (url.authType === "AWS_IAM" && context.distribution) {
    if (await letsDistributionIn(url, context.distribution, context)) return;
    throw lambdaError("AccessDeniedException", "Forbidden");
  }
  const asked = { action: ACTION, keys: { "lambda:functionurlauthtype": url.authType } };
  const decision = await decideFunctionAccess(context, context.facts, asked);
  if (!decision.allowed) throw lambdaError("AccessDeniedException", "Forbidden");
}

/** "Restrict access to an AWS Lambda function URL origin": by a statement for CloudFront, and mostly for one distribution. */
async function letsDistributionIn(
  { authType }: UrlRecord,
  { distributionId, accountId }: NonNullable<UrlContext["distribution"]>,
  { target, region, directory }: UrlContext,
): Promise<boolean> {
  const policy = await directory.findPolicy(target.accountId, target.name, target.qualifier ?? "");
  return isAllowedByStatements(policy?.statements ?? [], {
    principal: CLOUDFRONT,
    action: ACTION,
    resource: formatFunctionArn(region, target),
    context: {
      "aws:sourcearn": formatDistributionArn(accountId, distributionId),
      "aws:sourceaccount": accountId,
      "lambda:functionurlauthtype": authType,
    },
  });
}
