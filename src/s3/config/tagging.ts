import type { S3Call, S3Result } from "../call.ts";
import { readTagSet, renderTagSet } from "../tags.ts";
import { changeDocuments, findDocuments, missingDocument, readDocument } from "./document.ts";

/** PutBucketTagging: replaces all tags of the bucket. */
export async function putBucketTagging(call: S3Call): Promise<S3Result> {
  const tags = readTagSet(await readDocument(call, "Tagging"), "Bucket");
  await changeDocuments(call, { tags: tags.length === 0 ? undefined : tags });
  return { status: 204 };
}

/** GetBucketTagging */
export async function getBucketTagging(call: S3Call): Promise<S3Result> {
  const { tags } = await findDocuments(call);
  if (!tags) throw missingDocument(call, "NoSuchTagSet");
  return { xml: renderTagSet(tags) };
}

/** DeleteBucketTagging */
export async function deleteBucketTagging(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { tags: undefined });
  return { status: 204 };
}
