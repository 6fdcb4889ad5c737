import type { HeaderFields } from "../../lib/header-fields.ts";
import { element } from "../../lib/xml.ts";
import type { LifecycleConfiguration } from "../../metadata/bucket/lifecycle-rules.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { changeDocuments, findDocuments, missingDocument, readDocument } from "./document.ts";
import { readRules, renderRule } from "./lifecycle-document.ts";

const MINIMUM_SIZE = "x-amz-transition-default-minimum-object-size";

/** Holds a thousand rules. */
const MAX_DOCUMENT_BYTES = 1024 ** 2;

/** PutBucketLifecycleConfiguration: replaces all rules. They are looked at once a day. */
export async function putBucketLifecycleConfiguration(call: S3Call): Promise<S3Result> {
  const minimumSize = readMinimumSize(call.headers);
  const rules = readRules(await readDocument(call, "LifecycleConfiguration", MAX_DOCUMENT_BYTES));
  const lifecycle: LifecycleConfiguration = { rules, ...(minimumSize && { minimumSize }) };
  await changeDocuments(call, { lifecycle });
  return { headers: minimumSizeHeader(lifecycle) };
}

/** GetBucketLifecycleConfiguration */
export async function getBucketLifecycleConfiguration(call: S3Call): Promise<S3Result> {
  const { lifecycle } = await findDocuments(call);
  if (!lifecycle) throw missingDocument(call, "NoSuchLifecycleConfiguration");
  return {
    headers: minimumSizeHeader(lifecycle),
    xml: element("LifecycleConfiguration", lifecycle.rules.map(renderRule)),
  };
}

/** DeleteBucketLifecycle */
export async function deleteBucketLifecycle(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { lifecycle: undefined });
  return { status: 204 };
}

function readMinimumSize(headers: HeaderFields): "varies_by_storage_class" | undefined {
  const value = headers.get(MINIMUM_SIZE) ?? "";
  if (value === "" || value === "all_storage_classes_128K") return undefined;
  if (value === "varies_by_storage_class") return value;
  throw s3Error("InvalidRequest", { message: `Invalid TransitionDefaultMinimumObjectSize found: ${value}` });
}

function minimumSizeHeader({ minimumSize }: LifecycleConfiguration): Record<string, string> {
  return { [MINIMUM_SIZE]: minimumSize ?? "all_storage_classes_128K" };
}
