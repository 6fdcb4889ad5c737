import { element, type XmlNode } from "../../lib/xml.ts";
import type { PublicAccessBlock } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { readBoolean } from "../xml-body.ts";
import { changeDocuments, checkChildren, findDocuments, missingDocument, readDocument, readText } from "./document.ts";

const ROOT = "PublicAccessBlockConfiguration";
const SETTINGS = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

/** What buckets begin with, as on AWS since April 2023. */
const INITIAL: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

/** PutPublicAccessBlock: a setting that is left out is off. */
export async function putPublicAccessBlock(call: S3Call): Promise<S3Result> {
  const root = await readDocument(call, ROOT);
  checkChildren(root, SETTINGS);
  await changeDocuments(call, { publicAccessBlock: readBlock(root) });
  return {};
}

/** GetPublicAccessBlock */
export async function getPublicAccessBlock(call: S3Call): Promise<S3Result> {
  const block = await findPublicAccessBlock(call);
  if (!block) throw missingDocument(call, "NoSuchPublicAccessBlockConfiguration");
  return {
    xml: element(
      ROOT,
      element("BlockPublicAcls", block.blockPublicAcls),
      element("IgnorePublicAcls", block.ignorePublicAcls),
      element("BlockPublicPolicy", block.blockPublicPolicy),
      element("RestrictPublicBuckets", block.restrictPublicBuckets),
    ),
  };
}

/** DeletePublicAccessBlock: nothing is blocked any more. */
export async function deletePublicAccessBlock(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { publicAccessBlock: "none" });
  return { status: 204 };
}

/** What is blocked in the addressed bucket; undefined after it was deleted. */
export async function findPublicAccessBlock(call: S3Call): Promise<PublicAccessBlock | undefined> {
  const { publicAccessBlock = INITIAL } = await findDocuments(call);
  return publicAccessBlock === "none" ? undefined : publicAccessBlock;
}

function readBlock(root: XmlNode): PublicAccessBlock {
  const isOn = (name: (typeof SETTINGS)[number]) => readBoolean(readText(root, name) ?? "false");
  return {
    blockPublicAcls: isOn("BlockPublicAcls"),
    ignorePublicAcls: isOn("IgnorePublicAcls"),
    blockPublicPolicy: isOn("BlockPublicPolicy"),
    restrictPublicBuckets: isOn("RestrictPublicBuckets"),
  };
}
