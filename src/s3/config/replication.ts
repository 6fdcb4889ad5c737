import { parseRoleArn } from "../../auth/policy/replication-role.ts";
import type { BucketDocuments } from "../../metadata/bucket/documents.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import type { ReplicationRule } from "../../metadata/bucket/replication-rules.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { changeDocuments, findDocuments, missingDocument, readDocument } from "./document.ts";
import { readReplication, renderReplication } from "./replication-document.ts";

/** Amazon S3 User Guide, "Replication configuration file elements". */
const MAX_RULES = 1000;
/** Holds a thousand rules. */
const MAX_DOCUMENT_BYTES = 2 * 1024 ** 2;

/** PutBucketReplication: replaces all rules. They are for what is written from then on. */
export async function putBucketReplication(call: S3Call): Promise<S3Result> {
  const replication = readReplication(await readDocument(call, "ReplicationConfiguration", MAX_DOCUMENT_BYTES));
  checkRules(replication.rules);
  await checkRole(call, replication.role);
  const destinations = await findDestinations(call, replication.rules);
  await changeDocuments(call, { replication }, (documents) => checkBuckets(documents, destinations));
  return {};
}

/** GetBucketReplication */
export async function getBucketReplication(call: S3Call): Promise<S3Result> {
  const { replication } = await findDocuments(call);
  if (!replication) throw missingDocument(call, "ReplicationConfigurationNotFoundError");
  return { xml: renderReplication(replication) };
}

/** DeleteBucketReplication */
export async function deleteBucketReplication(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { replication: undefined });
  return { status: 204 };
}

function checkRules(rules: readonly ReplicationRule[]): void {
  if (rules.length === 0 || rules.length > MAX_RULES) throw s3Error("MalformedXML");
  const id = findRepeated(rules.map((rule) => rule.id));
  if (id !== undefined) {
    throw invalidArgument(`Rule ID must be unique. Found same ID for more than one rule. Rule ID: ${id}`, "ID", id);
  }
  const first = rules.filter(({ filter }) => filter.form === "version-1");
  if (first.length === 0) return checkPriorities(rules);
  if (first.length < rules.length) {
    throw invalidRequest("Rules with and without a Filter cannot be in one replication configuration.");
  }
  checkVersionOne(rules);
}

function checkPriorities(rules: readonly ReplicationRule[]): void {
  const repeated = findRepeated(rules.map(({ priority }) => priority));
  if (repeated === undefined) return;
  throw invalidArgument(
    `Found duplicate priority ${repeated}. Priority must be unique among all rules.`,
    "Priority",
    String(repeated),
  );
}

/** Of the first schema: one destination, and no object under two rules. */
function checkVersionOne(rules: readonly ReplicationRule[]): void {
  if (new Set(rules.map(({ destination }) => destination.bucket)).size > 1) {
    throw invalidRequest("Number of distinct destination bucket ARNs cannot exceed 1");
  }
  const prefixes = rules.map(({ filter }) => filter.prefix ?? "").toSorted();
  // In order, what a prefix is the beginning of comes right after it.
  const overlapping = prefixes.findIndex((prefix, at) => prefixes[at + 1]?.startsWith(prefix));
  if (overlapping < 0) return;
  throw invalidRequest(
    `Found overlapping prefixes '${prefixes[overlapping]}' and '${prefixes[overlapping + 1]}' for same action type 'null'`,
  );
}

function findRepeated<Value>(values: readonly Value[]): Value | undefined {
  const seen = new Set<Value>();
  for (const value of values) {
    if (seen.has(value)) return value;
    seen.add(value);
  }
  return undefined;
}

/** Of the bucket's own account, and one that the caller may hand to S3. */
async function checkRole(call: S3Call, arn: string): Promise<void> {
  const role = parseRoleArn(arn);
  if (!role) throw invalidArgument("Invalid role ARN.", "Role", arn);
  if (role.accountId !== call.bucket.config.accountId) {
    throw invalidRequest("The role must belong to the account that owns the source bucket.");
  }
  await call.checkPassRole(arn);
}

async function findDestinations(call: S3Call, rules: readonly ReplicationRule[]): Promise<BucketConfig[]> {
  const found = new Map<string, BucketConfig>();
  for (const { bucket, accountId } of rules.map(({ destination }) => destination)) {
    if (bucket === call.bucketName) throw invalidRequest("Destination bucket cannot be the same as the source bucket.");
    const config = found.get(bucket) ?? (await call.findConfig(bucket));
    if (!config) throw invalidRequest("Destination bucket must exist.");
    if (accountId !== undefined && accountId !== config.accountId) {
      throw invalidRequest("The account of the destination does not own the destination bucket.");
    }
    found.set(bucket, config);
  }
  return [...found.values()];
}

/** Asked again when the configuration changes meanwhile. */
function checkBuckets({ versioning, objectLock }: BucketDocuments, destinations: readonly BucketConfig[]): void {
  if (versioning !== "Enabled") {
    throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  }
  if (destinations.some(({ documents }) => documents?.versioning !== "Enabled")) {
    throw invalidRequest("Destination bucket must have versioning enabled.");
  }
  if (objectLock && destinations.some(({ documents }) => !documents?.objectLock)) {
    throw invalidRequest("Destination bucket must have Object Lock enabled, as the source bucket has.");
  }
}

function invalidRequest(message: string) {
  return s3Error("InvalidRequest", { message });
}
