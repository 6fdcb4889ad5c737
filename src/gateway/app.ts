import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { s3Error } from "../s3/errors.ts";
import { logAccess } from "./access-logs/log-access.ts";
import { type Address, resolveAddress } from "./address.ts";
import { auditCall } from "./audit/audit-call.ts";
import { isManagementCall } from "./audit/services.ts";
import { answerCdn, isAlias } from "./cdn.ts";
import { answerCloudFront } from "./cloudfront.ts";
import { answerCloudTrail } from "./cloudtrail.ts";
import { type Deployment, deploymentOf } from "./deployment.ts";
import { isAnsweredTooSoon, outwaitExpectation } from "./expectation.ts";
import { logFault } from "./faults.ts";
import { serveFunctionCode } from "./function-code.ts";
import type { OwnEntrypoints } from "./function-runtime.ts";
import { answerFunctionUrl } from "./function-url.ts";
import { type Incoming, type RawIncoming, readIncoming, withSentFields } from "./incoming.ts";
import { answerIam } from "./iam.ts";
import { answerKms } from "./kms.ts";
import { answerLambda } from "./lambda.ts";
import { answerLogs } from "./logs.ts";
import { recordRequest } from "./metrics.ts";
import { enforceLimits, planLimits } from "./plan-limits.ts";
import { renderS3Error, renderS3Result } from "./s3-response.ts";
import { answerS3Control } from "./s3-control.ts";
import { type RequestTrace, serveS3 } from "./s3.ts";
import { answerScheduler } from "./scheduler.ts";
import { answerSqs } from "./sqs.ts";
import { answerSts } from "./sts.ts";
import { readSignedService } from "./signed-service.ts";
import { drainUnreadBody } from "./unread-body.ts";
import { serveVerge } from "./verge.ts";
import { answerWebsite } from "./website.ts";

/** What the services get of a request; each takes what it needs. */
interface Served {
  readonly request: Request;
  readonly incoming: RawIncoming;
  readonly env: Env;
  readonly deployment: Deployment;
  readonly entrypoints: OwnEntrypoints;
  readonly defer: (work: Promise<unknown>) => void;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
  /** Of requests to buckets. */
  readonly trace?: RequestTrace;
}

type At<Service> = Extract<Address, { service: Service }>;
/** S3 is not in the table: it comes first, and renders its errors where nobody else does. */
type Other = Exclude<Address["service"], "s3" | "verge" | "unsupported">;
type Answer<Service> = (served: Served, address: At<Service>) => Promise<Response>;

const ANSWERS: { readonly [Service in Other]: Answer<Service> } = {
  cdn: (served, address) => answerCdn({ ...served, address }),
  cloudfront: answerCloudFront,
  cloudtrail: answerCloudTrail,
  "function-code": ({ incoming, env }, { codeId }) => serveFunctionCode(incoming, env, codeId),
  "function-url": (served, address) => answerFunctionUrl({ ...served, address }),
  iam: answerIam,
  kms: answerKms,
  lambda: answerLambda,
  logs: answerLogs,
  "s3-control": (served, address) => answerS3Control({ ...served, address }),
  scheduler: answerScheduler,
  sqs: answerSqs,
  sts: answerSts,
  website: (served, address) => answerWebsite({ ...served, address }),
};

function answer(served: Served, address: At<Other>): Promise<Response> {
  return (ANSWERS[address.service] as Answer<Other>)(served, address);
}

/**
 * Every request comes in here: host and path name the service, which answers or throws. The services' tables
 * select operations by query and header, which no router does; below `/_verge` there are plain routes.
 */
export async function handleRequest(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
  const incoming = readIncoming(request, env);
  const deployment = deploymentOf(env);
  const startedAt = Date.now();
  let operation = "";
  let response: Response;
  let trace: RequestTrace | undefined;
  let errorCode: string | undefined;
  // Who awaits the work as well hears of its failure; to the platform it is not one.
  const defer = (work: Promise<unknown>) => context.waitUntil(work.catch(() => undefined));
  let finish: (() => void) | undefined;
  let address: Address | undefined;
  try {
    const signedService = readSignedService(incoming.headers);
    // What is signed for one of the services is for it, whoever has claimed the host for a distribution.
    const alias = signedService === undefined && isAlias(incoming, env, deployment, defer);
    address =
      alias && (await alias)
        ? { service: "cdn", distributionId: undefined, rawPath: incoming.rawPath, byPath: false }
        : resolveAddress(incoming.host, incoming.rawPath, deployment.domain, signedService);
    if (address.service === "verge") return await serveVerge(request, { incoming, address, env, deployment });
    if (deployment.complaint) throw new ServiceError("ServiceUnavailable", 503, deployment.complaint);
    if (address.service === "unsupported") {
      throw s3Error("NotImplemented", { message: `This deployment does not serve ${address.what} yet.` });
    }
    if (address.service === "s3" || address.service === "website") trace = startTrace(address);
    const { service } = address;
    const limits = planLimits(env);
    const served = {
      request,
      incoming,
      env: limits ? enforceLimits(env, incoming, limits) : env,
      deployment,
      entrypoints: context.exports as OwnEntrypoints,
      defer,
      onMatch: (name: string) => {
        operation = name;
        // A client that hangs up cancels what is not deferred: it must not keep its changes out of the audit.
        if (isManagementCall(service, name)) defer(new Promise<void>((resolve) => (finish = resolve)));
      },
      ...(trace && { trace }),
    };
    response =
      address.service === "s3"
        ? renderS3Result(await serveS3({ ...served, incoming: withSentFields(incoming), address }), incoming)
        : await answer(served, address);
  } catch (error) {
    await drainUnreadBody(request);
    incoming.witness.error = error;
    const refusal = toServiceError(error, incoming, operation);
    errorCode = refusal.code;
    response = renderS3Error(refusal, incoming);
  }
  if (address) {
    auditCall({ service: address.service, operation, incoming, env, deployment, trace, response, startedAt, defer });
  }
  finish?.();
  if (trace) logAccess({ request, incoming, env, trace, operation, response, errorCode, startedAt, defer });
  recordRequest(env, { operation, status: response.status, milliseconds: Date.now() - startedAt });
  if (isAnsweredTooSoon(incoming, env)) await outwaitExpectation(startedAt);
  return response;
}

function startTrace({ bucket, key }: { readonly bucket: string; readonly key: string }): RequestTrace {
  return { bucketName: bucket, key, buckets: [] };
}

/** What nobody foresaw is logged and answered without its details. */
function toServiceError(error: unknown, incoming: Incoming, operation: string): ServiceError {
  if (error instanceof ServiceError) return error;
  logFault(error, incoming.requestId, operation);
  return s3Error("InternalError");
}
