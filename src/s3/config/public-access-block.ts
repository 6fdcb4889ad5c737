import { INITIAL_BLOCK } from "../../auth/policy/bucket-documents.ts";
import { element, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { PublicAccessBlock } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { readBoolean } from "../xml-body.ts";
import { changeDocuments, checkChildren, findDocuments, missingDocument, readDocument, readText } from "./document.ts";

export const PUBLIC_ACCESS_BLOCK = "PublicAccessBlockConfiguration";
const SETTINGS = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

/** PutPublicAccessBlock: a setting that is left out is off. */
export async function putPublicAccessBlock(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { publicAccessBlock: readBlock(await readDocument(call, PUBLIC_ACCESS_BLOCK)) });
  return {};
}

/** GetPublicAccessBlock */
export async function getPublicAccessBlock(call: S3Call): Promise<S3Result> {
  const block = await findPublicAccessBlock(call);
  if (!block) throw missingDocument(call, "NoSuchPublicAccessBlockConfiguration");
  return { xml: renderBlock(block) };
}

/** DeletePublicAccessBlock: nothing is blocked any more. */
export async function deletePublicAccessBlock(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { publicAccessBlock: "none" });
  return { status: 204 };
}

/** What is blocked in the addressed bucket; undefined after it was deleted. */
async function findPublicAccessBlock(call: S3Call): Promise<PublicAccessBlock | undefined> {
  const { publicAccessBlock = INITIAL_BLOCK } = await findDocuments(call);
  return publicAccessBlock === "none" ? undefined : publicAccessBlock;
}

export function renderBlock(block: PublicAccessBlock): XmlElement {
  return element(
    PUBLIC_ACCESS_BLOCK,
    element("BlockPublicAcls", block.blockPublicAcls),
    element("IgnorePublicAcls", block.ignorePublicAcls),
    element("BlockPublicPolicy", block.blockPublicPolicy),
    element("RestrictPublicBuckets", block.restrictPublicBuckets),
  );
}

/** Throws MalformedXML for what has another schema. */
export function readBlock(root: XmlNode): PublicAccessBlock {
  checkChildren(root, SETTINGS);
  const isOn = (name: (typeof SETTINGS)[number]) => readBoolean(readText(root, name) ?? "false");
  return {
    blockPublicAcls: isOn("BlockPublicAcls"),
    ignorePublicAcls: isOn("IgnorePublicAcls"),
    blockPublicPolicy: isOn("BlockPublicPolicy"),
    restrictPublicBuckets: isOn("RestrictPublicBuckets"),
  };
}
