import { children, type XmlNode } from "../lib/xml.ts";
import type { RestoreObjectOutcome } from "../metadata/bucket/restored.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkChildren, readText, readUncheckedDocument, requireText } from "./config/document.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { missingObject } from "./get-object.ts";
import { readVersionId, versionHeader } from "./version-ids.ts";

const ROOT = "RestoreRequest";
const TIERS = new Set(["Standard", "Bulk", "Expedited"]);

/** RestoreObject: an archived version can be read for some days; asked again, for others. */
export async function restoreObject(call: S3Call): Promise<S3Result> {
  const days = readDays(await readUncheckedDocument(call, ROOT));
  const versionId = readVersionId(call);
  const outcome = await call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<RestoreObjectOutcome> =>
    index.restoreObject({ ...plain, key: call.key, days, ...(versionId !== undefined && { versionId }) }),
  );
  if (outcome.outcome === "not-archived") {
    throw s3Error("InvalidObjectState", {
      message: "Restore is not allowed for the object's current storage class",
      detail: { StorageClass: outcome.object.storageClass },
    });
  }
  if (outcome.outcome !== "ok") throw missingObject(call, outcome);
  return {
    status: outcome.extended ? 200 : 202,
    headers: versionHeader(call.bucket.config, outcome.object.versionId),
  };
}

function readDays(root: XmlNode): number {
  checkChildren(root, [
    "Days",
    "GlacierJobParameters",
    "Tier",
    "Description",
    "Type",
    "SelectParameters",
    "OutputLocation",
  ]);
  if (readText(root, "Type") !== undefined) {
    throw s3Error("NotImplemented", { message: "RestoreObject with a Type is not implemented by this deployment." });
  }
  const [job] = children(root, "GlacierJobParameters");
  if (job) checkChildren(job, ["Tier"]);
  const tier = (job && requireText(job, "Tier")) ?? readText(root, "Tier") ?? "Standard";
  if (!TIERS.has(tier)) throw s3Error("MalformedXML");
  const days = readText(root, "Days");
  if (days === undefined || !/^-?\d{1,9}$/.test(days)) throw s3Error("MalformedXML");
  if (Number(days) < 1) throw invalidArgument("restoration days should be at least 1", "Days", days);
  return Number(days);
}
