import { presignUrl } from "../../src/auth/sigv4/presign.ts";
import type { Credentials } from "./credentials.ts";

export interface BannerInput {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly stateDir: string;
  readonly credentials: Credentials;
  readonly region: string;
}

/** The bucket of the pair of curl commands. Made at the first start; who deletes it keeps it deleted. */
const BUCKET = "first";
const KEY = "hello.txt";
const DAY_SECONDS = 86_400;

/** Creates the bucket that the banner uploads to. */
export async function createFirstBucket(input: BannerInput): Promise<void> {
  const response = await fetch(presign(input, "PUT", `/${BUCKET}`, 60), { method: "PUT" });
  // BucketAlreadyOwnedByYou: an earlier first start was cut short.
  if (!response.ok && response.status !== 409) {
    throw new Error(`The bucket "${BUCKET}" cannot be created: ${response.status} ${await response.text()}`);
  }
}

/** What a person needs to begin: where it is, the root key, and commands to paste. */
export async function buildBanner(input: BannerInput): Promise<string> {
  const { endpoint, credentials, region } = input;
  return [
    "",
    `Verge serves S3, Lambda, SQS, CloudFront and the rest on ${endpoint}`,
    `Its state is in ${input.stateDir}`,
    "",
    "The root key, for AWS's and other clients:",
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_DEFAULT_REGION=${region}`,
    "",
    "Then, for example:",
    `  aws --endpoint-url ${endpoint} s3 mb s3://my-bucket`,
    `  aws --endpoint-url ${endpoint} s3 cp package.json s3://my-bucket/`,
    `  aws --endpoint-url ${endpoint} s3 ls s3://my-bucket`,
    ...((await hasFirstBucket(input)) ? describeCurlPair(input) : []),
    "",
  ].join("\n");
}

function describeCurlPair(input: BannerInput): string[] {
  return [
    "",
    "Or with nothing but curl, up and down again (for a day):",
    `  curl -T package.json '${presign(input, "PUT", `/${BUCKET}/${KEY}`, DAY_SECONDS)}'`,
    `  curl '${presign(input, "GET", `/${BUCKET}/${KEY}`, DAY_SECONDS)}'`,
  ];
}

async function hasFirstBucket(input: BannerInput): Promise<boolean> {
  return (await fetch(presign(input, "HEAD", `/${BUCKET}`, 60), { method: "HEAD" })).ok;
}

function presign(
  { endpoint, region, credentials }: BannerInput,
  method: string,
  path: string,
  expiresIn: number,
): string {
  const { accessKeyId, secretAccessKey } = credentials;
  const url = `${endpoint}${path}`;
  return presignUrl({ method, url, region, service: "s3", accessKeyId, secretAccessKey, now: Date.now(), expiresIn });
}
