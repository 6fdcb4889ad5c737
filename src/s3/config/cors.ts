import { children, element, optionalElement, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { CorsRule } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
  readDocument,
  readText,
  readTexts,
  textElements,
} from "./document.ts";

const MAX_RULES = 100;
const MAX_ID_CHARACTERS = 255;
const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);

/** PutBucketCors: which pages of other origins a browser lets use the bucket. */
export async function putBucketCors(call: S3Call): Promise<S3Result> {
  const root = await readDocument(call, "CORSConfiguration");
  checkChildren(root, [], ["CORSRule"]);
  const cors = children(root, "CORSRule").map(readRule);
  if (cors.length === 0) throw s3Error("MalformedXML");
  if (cors.length > MAX_RULES) {
    throw s3Error("InvalidRequest", {
      message: `The number of CORS rules should not exceed allowed limit of ${MAX_RULES} rules.`,
    });
  }
  await changeDocuments(call, { cors });
  return {};
}

/** GetBucketCors */
export async function getBucketCors(call: S3Call): Promise<S3Result> {
  const { cors } = await findDocuments(call);
  if (!cors) throw missingDocument(call, "NoSuchCORSConfiguration");
  return { xml: element("CORSConfiguration", cors.map(renderRule)) };
}

/** DeleteBucketCors */
export async function deleteBucketCors(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { cors: undefined });
  return { status: 204 };
}

function readRule(node: XmlNode): CorsRule {
  checkChildren(node, ["ID", "MaxAgeSeconds"], ["AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader"]);
  const id = readText(node, "ID");
  if (id !== undefined && id.length > MAX_ID_CHARACTERS) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID_CHARACTERS}`, "ID", id);
  }
  const maxAgeSeconds = readSeconds(readText(node, "MaxAgeSeconds"));
  const rule: CorsRule = {
    ...(id !== undefined && { id }),
    allowedOrigins: readTexts(node, "AllowedOrigin"),
    allowedMethods: readTexts(node, "AllowedMethod"),
    allowedHeaders: readTexts(node, "AllowedHeader"),
    exposeHeaders: readTexts(node, "ExposeHeader"),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
  checkRule(rule);
  return rule;
}

function checkRule({ allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders }: CorsRule): void {
  if (allowedOrigins.length === 0 || allowedMethods.length === 0) throw s3Error("MalformedXML");
  const badMethod = allowedMethods.find((method) => !METHODS.has(method));
  if (badMethod !== undefined) {
    throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${badMethod}`);
  }
  checkPatterns("AllowedOrigin", allowedOrigins);
  checkPatterns("AllowedHeader", allowedHeaders);
  for (const header of exposeHeaders) {
    checkCharacters(header);
    if (!header.includes("*")) continue;
    throw invalidRequest(
      `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
  }
}

function checkPatterns(name: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    checkCharacters(pattern);
    if (pattern.split("*").length > 2) {
      throw invalidRequest(`${name} "${pattern}" can not have more than one wildcard.`);
    }
  }
}

/** Origins and names of headers are visible ASCII; they become values of response headers. */
function checkCharacters(text: string): void {
  if (!/^[!-~]+$/.test(text)) throw s3Error("MalformedXML");
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text.trim())) throw s3Error("MalformedXML");
  return Number(text);
}

function renderRule(rule: CorsRule): XmlElement {
  return element(
    "CORSRule",
    optionalElement("ID", rule.id),
    textElements("AllowedOrigin", rule.allowedOrigins),
    textElements("AllowedMethod", rule.allowedMethods),
    textElements("AllowedHeader", rule.allowedHeaders),
    textElements("ExposeHeader", rule.exposeHeaders),
    optionalElement("MaxAgeSeconds", rule.maxAgeSeconds),
  );
}

function invalidRequest(message: string) {
  return s3Error("InvalidRequest", { message });
}
