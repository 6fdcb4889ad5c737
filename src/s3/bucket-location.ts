import { element, type XmlNode } from "../lib/xml.ts";
import type { S3Call, S3Result } from "./call.ts";
import { s3Error } from "./errors.ts";

/** The region that has no location constraint: S3 began there, when there was no other. */
const FIRST_REGION = "us-east-1";
/** Constraints that stand for a region under another name. */
const ALIASES: Readonly<Record<string, string>> = { EU: "eu-west-1" };
/** What a region is called; tells a wrong region from no region at all. */
const REGION_NAME = /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/;

/** GetBucketLocation: an empty element for us-east-1. */
export async function getBucketLocation(call: S3Call): Promise<S3Result> {
  const { region } = call.bucket.config;
  return { xml: element("LocationConstraint", region === FIRST_REGION ? "" : region) };
}

/**
 * Compares the location that a CreateBucket asks for with the deployment's region, as a regional endpoint
 * of S3 does. In us-east-1 the constraint is left out (naming it is an error, as on AWS); `auto`, which
 * clients made for R2 send, means the region of the deployment.
 */
export function checkLocation(constraint: string | undefined, region: string): void {
  if (constraint === "auto") return;
  if (!constraint) {
    if (region === FIRST_REGION || region === "auto") return;
    throw incompatible("unspecified");
  }
  if (constraint === FIRST_REGION && region === FIRST_REGION) throw invalid(constraint);
  if ((ALIASES[constraint] ?? constraint) === region) return;
  if (constraint in ALIASES || REGION_NAME.test(constraint)) throw incompatible(constraint);
  throw invalid(constraint);
}

/** The constraint in a CreateBucketConfiguration. */
export function readLocationConstraint(configuration: XmlNode): string | undefined {
  const nodes = configuration.children.filter((node) => node.name === "LocationConstraint");
  if (nodes.length > 1 || nodes[0]?.children.length) throw s3Error("MalformedXML");
  return nodes[0]?.text.trim();
}

function invalid(constraint: string) {
  return s3Error("InvalidLocationConstraint", { detail: { LocationConstraint: constraint } });
}

function incompatible(constraint: string) {
  return s3Error("IllegalLocationConstraintException", {
    message: `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}
