import { element, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { BucketDocuments } from "../../metadata/bucket/documents.ts";
import type { S3Call } from "../call.ts";
import { s3Error, type S3ErrorCode } from "../errors.ts";
import { parseXmlBody, readBoundedBody, readVerifiedBody } from "../xml-body.ts";

/** The largest that S3 takes of most (PutBucketCors). */
const MAX_DOCUMENT_BYTES = 64 * 1024;

/** The document in the body of a Put call, proven whole, with the root element that its schema names. */
export async function readDocument(
  call: S3Call,
  rootName: string,
  maxBytes: number = MAX_DOCUMENT_BYTES,
): Promise<XmlNode> {
  return parseDocument(await readVerifiedBody(call, maxBytes), rootName);
}

/** The same of the few calls that need no checksum; one that is sent must still be right. */
export async function readUncheckedDocument(
  call: Pick<S3Call, "payload" | "headers">,
  rootName: string,
): Promise<XmlNode> {
  return parseDocument(await readBoundedBody(call, MAX_DOCUMENT_BYTES), rootName);
}

function parseDocument(body: Uint8Array, rootName: string): XmlNode {
  const root = parseXmlBody(body);
  if (root.name !== rootName) throw s3Error("MalformedXML");
  return root;
}

/** Throws MalformedXML for a child that the schema does not have, or that it has once and the document twice. */
export function checkChildren(node: XmlNode, single: readonly string[], repeated: readonly string[] = []): void {
  const seen = new Set<string>();
  for (const { name } of node.children) {
    const allowed = repeated.includes(name) || (single.includes(name) && !seen.has(name));
    if (!allowed) throw s3Error("MalformedXML");
    seen.add(name);
  }
}

/** The one child of that name. */
export function requireChild(node: XmlNode, name: string): XmlNode {
  const found = node.children.find((candidate) => candidate.name === name);
  if (!found) throw s3Error("MalformedXML");
  return found;
}

/** The texts of the children of that name, which hold nothing but text. */
export function readTexts(node: XmlNode, name: string): string[] {
  return node.children.filter((candidate) => candidate.name === name).map(readLeaf);
}

/** The text of the child of that name; undefined where there is none. */
export function readText(node: XmlNode, name: string): string | undefined {
  return readTexts(node, name)[0];
}

export function requireText(node: XmlNode, name: string): string {
  return readLeaf(requireChild(node, name));
}

function readLeaf(node: XmlNode): string {
  if (node.children.length > 0) throw s3Error("MalformedXML");
  return node.text;
}

/** An element for each text. */
export function textElements(name: string, texts: readonly string[]): XmlElement[] {
  return texts.map((content) => element(name, content));
}

/** What is configured of the addressed bucket, as its index has it now. */
export async function findDocuments(call: S3Call): Promise<BucketDocuments> {
  const { documents } = await call.bucket.currentConfig();
  return documents ?? {};
}

type DocumentChanges = { readonly [Name in keyof BucketDocuments]: BucketDocuments[Name] | undefined };

/**
 * Changes documents of the bucket, those with the value undefined are removed. Changes that follow from the former
 * documents are made anew from those that another change left. `check` throws where the others, as they are when the
 * change is made, do not allow it.
 */
export async function changeDocuments(
  call: S3Call,
  changes: DocumentChanges | ((documents: BucketDocuments) => DocumentChanges),
  check?: (documents: BucketDocuments) => void,
): Promise<void> {
  // What the Worker remembers may be old: of that, only the index can say that a change does not fit it.
  if (check || typeof changes === "function") await call.bucket.currentConfig();
  const work = call.bucket.changeConfiguration((documents) => {
    check?.(documents);
    const changed = typeof changes === "function" ? changes(documents) : changes;
    // What is undefined is left out of the JSON, but would cross RPC.
    const entries = Object.entries({ ...documents, ...changed }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries);
  });
  // A client that hangs up does not leave the change on some index objects (rule 9).
  call.defer(work);
  await work;
}

/** S3's answer where a document was never put, or was deleted. */
export function missingDocument(call: S3Call, code: S3ErrorCode) {
  return s3Error(code, { detail: { BucketName: call.bucketName } });
}
