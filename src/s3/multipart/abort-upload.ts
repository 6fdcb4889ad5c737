import type { S3Call, S3Result } from "../call.ts";
import { noSuchUpload, readUploadId } from "./upload-id.ts";

/** AbortMultipartUpload: forgets the upload with its parts; a job collects their bytes. */
export async function abortMultipartUpload(call: S3Call): Promise<S3Result> {
  const { key } = call;
  const { id } = readUploadId(call);
  const abort = call.bucket.mutate(key, call.requestId, (index, plain) =>
    index.abortUpload({ ...plain, key, uploadId: id }),
  );
  call.defer(abort);
  const outcome = await abort;
  if (outcome.outcome !== "ok") throw noSuchUpload(id);
  return { status: 204 };
}
