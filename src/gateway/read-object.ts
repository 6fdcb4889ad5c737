import type { Identity } from "../auth/identity.ts";
import type { ObjectName } from "../lambda/call.ts";
import { lambdaError } from "../lambda/errors.ts";
import { ServiceError } from "../lib/errors.ts";
import { encodeKey } from "../lib/percent.ts";
import { readBounded } from "../lib/read-bounded.ts";
import type { LambdaRequest } from "./lambda.ts";
import { serveS3 } from "./s3.ts";

/**
 * GetObject by another service on behalf of its caller, whose rights decide. Errors are Lambda's; undefined
 * when the object has more than `limit` bytes.
 */
export async function readObjectAs(
  identity: Identity,
  { bucket, key, versionId }: ObjectName,
  limit: number,
  { incoming, env, deployment, defer }: LambdaRequest,
): Promise<Uint8Array | undefined> {
  try {
    const { body } = await serveS3({
      incoming: {
        ...incoming,
        method: "GET",
        rawPath: `/${encodeKey(bucket)}/${encodeKey(key)}`,
        rawQuery: versionId === undefined ? "" : `versionId=${encodeURIComponent(versionId)}`,
        headers: new Headers(),
        body: null,
      },
      address: { service: "s3", bucket, key, virtualHosted: false },
      identity,
      env,
      deployment,
      defer,
      onMatch: () => undefined,
    });
    return await readBounded(new Response(body ?? null).body, limit);
  } catch (error) {
    throw error instanceof ServiceError ? translate(error, bucket, key) : error;
  }
}

function translate(error: ServiceError, bucket: string, key: string): ServiceError {
  const cause = `S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`;
  if (error.status === 403) {
    return lambdaError(
      "AccessDeniedException",
      `Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ${bucket}/${key}. ${cause}`,
    );
  }
  return lambdaError("InvalidParameterValueException", `Error occurred while GetObject. ${cause}`);
}
