import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge, type Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, requireProgram, type Workspace } from "./program.ts";

const program = requireProgram("aws") ?? "";

interface Configuration {
  /** `put-bucket-<name>`, and what gets and removes it. */
  readonly name: string;
  /** The argument of the command, and its document. */
  readonly argument: string;
  readonly document: unknown;
  /** Of the configurations of which a bucket has several. */
  readonly id?: string;
  /** What is got; the document itself where absent. */
  readonly got?: unknown;
  /** The name of the command that removes it; absent: it can only be changed. */
  readonly remove?: string;
  /** What getting it fails with then; absent: it is answered as empty. */
  readonly missing?: string;
}

const rules = (Rules: unknown[]) => ({ Rules });
const ALL_BLOCKED = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const POLICY = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Deny", Principal: "*", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::configured/kept/*" },
  ],
};
const REPORTS = "arn:aws:s3:::reports";

const CONFIGURATIONS: readonly Configuration[] = [
  {
    name: "cors",
    argument: "cors-configuration",
    document: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://example.com"], MaxAgeSeconds: 60 }] },
    remove: "cors",
    missing: "NoSuchCORSConfiguration",
  },
  {
    name: "tagging",
    argument: "tagging",
    document: { TagSet: [{ Key: "team", Value: "blue" }] },
    remove: "tagging",
    missing: "NoSuchTagSet",
  },
  {
    name: "website",
    argument: "website-configuration",
    document: { IndexDocument: { Suffix: "index.html" }, ErrorDocument: { Key: "error.html" } },
    remove: "website",
    missing: "NoSuchWebsiteConfiguration",
  },
  {
    name: "lifecycle-configuration",
    argument: "lifecycle-configuration",
    document: rules([{ ID: "r", Filter: { Prefix: "logs/" }, Status: "Enabled", Expiration: { Days: 400 } }]),
    got: rules([{ ID: "r", Filter: { Prefix: "logs/" }, Status: "Enabled", Expiration: { Days: 400 } }]),
    remove: "lifecycle",
    missing: "NoSuchLifecycleConfiguration",
  },
  {
    name: "encryption",
    argument: "server-side-encryption-configuration",
    document: rules([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: true }]),
    got: {
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: true }],
      },
    },
    remove: "encryption",
  },
  {
    name: "policy",
    argument: "policy",
    document: POLICY,
    got: { Policy: JSON.stringify(POLICY) },
    remove: "policy",
    missing: "NoSuchBucketPolicy",
  },
  {
    name: "ownership-controls",
    argument: "ownership-controls",
    document: rules([{ ObjectOwnership: "BucketOwnerPreferred" }]),
    got: { OwnershipControls: rules([{ ObjectOwnership: "BucketOwnerPreferred" }]) },
    remove: "ownership-controls",
    missing: "OwnershipControlsNotFoundError",
  },
  {
    name: "public-access-block",
    argument: "public-access-block-configuration",
    document: ALL_BLOCKED,
    got: { PublicAccessBlockConfiguration: ALL_BLOCKED },
    remove: "public-access-block",
    missing: "NoSuchPublicAccessBlockConfiguration",
  },
  { name: "versioning", argument: "versioning-configuration", document: { Status: "Enabled" } },
  { name: "request-payment", argument: "request-payment-configuration", document: { Payer: "Requester" } },
  { name: "accelerate-configuration", argument: "accelerate-configuration", document: { Status: "Suspended" } },
  {
    name: "analytics-configuration",
    argument: "analytics-configuration",
    id: "a",
    document: { Id: "a", StorageClassAnalysis: {} },
    got: { AnalyticsConfiguration: { Id: "a" } },
    remove: "analytics-configuration",
    missing: "NoSuchConfiguration",
  },
  {
    name: "metrics-configuration",
    argument: "metrics-configuration",
    id: "m",
    document: { Id: "m", Filter: { Prefix: "a/" } },
    got: { MetricsConfiguration: { Id: "m", Filter: { Prefix: "a/" } } },
    remove: "metrics-configuration",
    missing: "NoSuchConfiguration",
  },
  {
    name: "intelligent-tiering-configuration",
    argument: "intelligent-tiering-configuration",
    id: "t",
    document: { Id: "t", Status: "Enabled", Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" }] },
    got: { IntelligentTieringConfiguration: { Id: "t", Status: "Enabled" } },
    remove: "intelligent-tiering-configuration",
    missing: "NoSuchConfiguration",
  },
  {
    name: "inventory-configuration",
    argument: "inventory-configuration",
    id: "i",
    document: {
      Id: "i",
      IsEnabled: true,
      IncludedObjectVersions: "All",
      Schedule: { Frequency: "Weekly" },
      OptionalFields: ["Size"],
      Destination: { S3BucketDestination: { Bucket: REPORTS, Format: "CSV" } },
    },
    got: { InventoryConfiguration: { Id: "i", IsEnabled: true, OptionalFields: ["Size"] } },
    remove: "inventory-configuration",
    missing: "NoSuchConfiguration",
  },
  // The last: what comes after it would be logged.
  {
    name: "logging",
    argument: "bucket-logging-status",
    document: { LoggingEnabled: { TargetBucket: "reports", TargetPrefix: "log/" } },
  },
];

/** `public-access-block` is the one without `bucket` in its commands' names. */
const commandOf = (verb: string, name: string) =>
  name === "public-access-block" ? `${verb}-${name}` : `${verb}-bucket-${name}`;

describe.skipIf(program === "")("aws s3api: what is configured of a bucket", () => {
  let verge: Verge;
  let work: Workspace;

  const call = async (command: string, ...args: string[]): Promise<unknown> => {
    const line = ["--endpoint-url", verge.endpoint, "--output", "json", "s3api", command];
    return JSON.parse((await work.run(program, [...line, "--bucket", "configured", ...args])).stdout || "{}");
  };
  const refused = async (command: string, ...args: string[]): Promise<string> => {
    const line = ["--endpoint-url", verge.endpoint, "s3api", command, "--bucket", "configured", ...args];
    return (await work.run(program, line, { allowFailure: true })).stderr;
  };

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
    await call("create-bucket");
    await work.run(program, ["--endpoint-url", verge.endpoint, "s3api", "create-bucket", "--bucket", "reports"]);
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test.each(CONFIGURATIONS)("$name: is put, got and removed", async (configuration) => {
    const { name, argument, document, id, got = document, remove, missing } = configuration;
    const which = id === undefined ? [] : ["--id", id];
    await call(commandOf("put", name), ...which, `--${argument}`, JSON.stringify(document));
    expect(await call(commandOf("get", name), ...which)).toMatchObject(got as object);
    if (remove === undefined) return;
    await call(commandOf("delete", remove), ...which);
    const failure = await refused(commandOf("get", name), ...which);
    expect(/error occurred \((\w+)\)/.exec(failure)?.[1]).toBe(missing);
  });
});
