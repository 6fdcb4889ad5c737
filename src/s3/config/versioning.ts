import { element, optionalElement, type XmlNode } from "../../lib/xml.ts";
import type { Versioning } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { changeDocuments, checkChildren, findDocuments, readDocument, readText } from "./document.ts";

/** PutBucketVersioning: in force, when it is answered, for every write that is not committed yet. */
export async function putBucketVersioning(call: S3Call): Promise<S3Result> {
  const versioning = readVersioning(await readDocument(call, "VersioningConfiguration"));
  await changeDocuments(call, { versioning }, ({ objectLock, replication }) => {
    if (versioning === "Enabled" || (!objectLock && !replication)) return;
    const present = objectLock ? "An Object Lock" : "A replication";
    throw s3Error("InvalidBucketState", {
      message: `${present} configuration is present on this bucket, so the versioning state cannot be changed.`,
    });
  });
  return {};
}

/** GetBucketVersioning: an empty configuration says that versioning was never enabled. */
export async function getBucketVersioning(call: S3Call): Promise<S3Result> {
  const { versioning } = await findDocuments(call);
  return { xml: element("VersioningConfiguration", optionalElement("Status", versioning)) };
}

function readVersioning(root: XmlNode): Versioning {
  checkChildren(root, ["Status", "MfaDelete"]);
  const mfaDelete = readText(root, "MfaDelete")?.trim();
  // Disabled is what every bucket has: Terraform sends it.
  if (mfaDelete === "Enabled") {
    throw s3Error("NotImplemented", { message: "MFA delete is not implemented by this deployment." });
  }
  if (mfaDelete !== undefined && mfaDelete !== "Disabled") throw s3Error("MalformedXML");
  const status = readText(root, "Status")?.trim();
  if (status === undefined) throw s3Error("IllegalVersioningConfigurationException");
  if (status !== "Enabled" && status !== "Suspended") throw s3Error("MalformedXML");
  return status;
}
