/** One test of the suite and how it ended. */
export interface Outcome {
  readonly name: string;
  readonly result: "passed" | "failed" | "skipped";
  /** The first line of what the suite said. */
  readonly message: string;
}

/** Reads pytest's JUnit report. An error in the suite's own setup or clean-up counts as a failure. */
export function parseJunit(xml: string): Outcome[] {
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes = "", body = ""]) => {
      const refusal = /<(?:failure|error)\b[^>]*? message="([^"]*)"/.exec(body);
      const result = refusal ? "failed" : /<skipped\b/.test(body) ? "skipped" : "passed";
      const name = unescape(/ ?\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
      return { name, result, message: unescape(refusal?.[1] ?? "").split("\n")[0] ?? "" };
    },
  );
}

/** Of the core: the suite asks for what AWS documents otherwise. The reasons stand in docs/conformance.md. */
const EXPLAINED: ReadonlySet<string> = new Set([
  "test_block_public_policy_with_principal",
  "test_bucket_list_prefix_unreadable",
  "test_bucket_policy_multipart",
  "test_bucket_policy_put_obj_request_obj_tag",
  "test_bucket_policy_set_condition_operator_end_with_IfExists",
  "test_bucket_recreate_new_acl",
  "test_bucket_recreate_overwrite_acl",
  "test_delete_marker_expiration",
  "test_delete_marker_nonversioned",
  "test_get_nonpublicpolicy_principal_bucket_policy_status",
  "test_lifecycle_plain_null_version_current_transition",
  "test_object_read_unreadable",
  "test_object_set_get_unicode_metadata",
  "test_sse_kms_no_key",
]);

export function isExplained(name: string): boolean {
  return EXPLAINED.has(name);
}

/** What is here, by the tests' names; the first that fits. */
const AREAS: readonly (readonly [area: string, pattern: RegExp])[] = [
  ["STS", /assume_role|session|caller_identity/],
  ["Users, groups and roles", /^test_account|user_policy|user_policies|iam|oidc|cross_account|same_account/],
  ["Object lock", /object_lock/],
  ["Server access logs", /logging/],
  ["Lifecycle", /lifecycle|_expiration/],
  ["SSE-C", /sse-c|sse_c|encrypted_transfer/],
  ["SSE-KMS", /kms/],
  ["POST uploads", /post_object/],
  ["Bucket policies", /policy/],
  ["Versioning", /versioning|versioned|delete_marker/],
  ["ACLs", /_acl|access_bucket|ownership|owner_/],
  ["Checksums and attributes", /checksum|cksum|object_attributes/],
  ["Conditions", /_match|ifmatch|ifnone?match|if(?:un)?modified/],
  ["Multipart", /multipart|upload_part|get_part/],
  ["Copies", /copy/],
  ["Encryption that R2 does by itself", /sse_s3|enc_conflict|bucket_encryption/],
  ["Listings", /list|basic_key_count/],
  ["Ranges and atomic writes", /range|atomic/],
  ["Headers and signatures", /_bad_|_amz_date|contentlength|presigned|expires|anon|raw/],
  ["Tags and bucket configuration", /tag|cors|encryption|public_block|block_public/],
  ["Buckets", /bucket/],
];

function findArea({ name }: Outcome): string {
  return AREAS.find(([, pattern]) => pattern.test(name))?.[0] ?? "Objects";
}

/** A table by area, then every failure with what the suite said. Markdown. */
export function describeOutcomes(outcomes: readonly Outcome[]): string {
  const count = (tests: readonly Outcome[], result: Outcome["result"]) =>
    tests.filter((outcome) => outcome.result === result).length;
  const describe = (area: string, tests: readonly Outcome[]) =>
    [area, count(tests, "passed"), count(tests, "failed"), count(tests, "skipped")] as const;
  const areas = [...Map.groupBy(outcomes, findArea)].map(([area, tests]) => describe(area, tests));
  const rows = [...areas.sort(([, one], [, other]) => other - one), describe("all", outcomes)];
  return [
    "| area | passed | failed | skipped |",
    "|---|---:|---:|---:|",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    ...outcomes
      .filter(({ result }) => result === "failed")
      .map(({ name, message }) => `- \`${name}\`: ${message}`)
      .sort(),
  ].join("\n");
}

function unescape(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
