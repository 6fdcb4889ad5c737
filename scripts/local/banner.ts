import type { Credentials } from "./credentials.ts";

export interface BannerInput {
  readonly endpoint: URL;
  readonly stateDir: string;
  readonly credentials: Credentials;
  readonly region: string;
  /** The state folder is new: a bucket is made in it, for the pair of curl commands. */
  readonly firstStart: boolean;
}

export async function buildBanner(input: BannerInput): Promise<string> {
  const { endpoint, credentials, region } = input;
  const url = endpoint.origin;
  const lines = [
    "",
    `Verge      ${url}`,
    `State      ${input.stateDir}`,
    "",
    "Root key",
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_DEFAULT_REGION=${region}`,
    "",
    "Try it",
    `  aws --endpoint-url ${url} s3 mb s3://my-bucket`,
    `  aws --endpoint-url ${url} s3 cp README.md s3://my-bucket/`,
    `  aws --endpoint-url ${url} s3 ls s3://my-bucket`,
  ];
  return [...lines, ""].join("\n");
}
