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

/**
 * Where a present operation answers as AWS does and the suite expects something else, or the suite makes
 * something impossible of a call. The reasons stand in docs/conformance.md.
 */
const DIFFERENCES: ReadonlySet<string> = new Set([
  "test_bucket_list_prefix_unreadable",
  "test_create_bucket_no_ownership_controls",
  "test_delete_bucket_encryption_s3",
  "test_delete_marker_expiration",
  "test_delete_marker_nonversioned",
  "test_get_bucket_encryption_s3",
  "test_object_read_unreadable",
  "test_object_set_get_unicode_metadata",
  "test_sse_s3_default_post_object_authenticated_request",
]);

/** Parts that come later, by what a test asks for; the first that fits. */
const PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  ["Object lock", /object_lock|ObjectLock/],
  ["Server access logs", /bucket_logging/],
  ["Lifecycle", /lifecycle|_expiration|Lifecycle/],
  ["Bucket policies", /^(?!test_post_object).*(?:policy|Policy)/],
  ["SSE-C", /sse-c|sse_c|encrypted_transfer|customer/],
  ["SSE-KMS", /kms/],
  ["Versioning", /PutBucketVersioning|versioning/],
  ["ACLs", /object_writer|owner_preferred|Acl\b|_acl|ACLs|AclWithObjectOwnership|AccessControlList|access_bucket/],
];

const DIFFERENT = "answers as AWS does";
export const UNEXPLAINED = "unexplained";

/** The later part to which a failure belongs. */
export function findPart({ name, message }: Outcome): string {
  if (DIFFERENCES.has(name)) return DIFFERENT;
  const fitting = PARTS.find(([, pattern]) => pattern.test(name) || pattern.test(message));
  return fitting?.[0] ?? UNEXPLAINED;
}

/** What is here, by the tests' names; the first that fits. */
const AREAS: readonly (readonly [area: string, pattern: RegExp])[] = [
  ["POST uploads", /post_object/],
  ["Checksums and attributes", /checksum|cksum|object_attributes/],
  ["Conditions", /_match|ifmatch|ifnone?match|if(?:un)?modified/],
  ["Multipart", /multipart|upload_part|get_part/],
  ["Copies", /copy/],
  ["Encryption that R2 does by itself", /sse_s3|enc_conflict|bucket_encryption/],
  ["Listings", /list|basic_key_count/],
  ["Ranges and atomic writes", /range|atomic/],
  ["Headers and signatures", /_bad_|_amz_date|contentlength|presigned|expires|anon|raw/],
  ["Tags and bucket configuration", /tag|cors|encryption|public_block|block_public|ownership/],
  ["Buckets", /bucket/],
];

/** What is tested: a later part, or an area of what is here. */
function findArea(outcome: Outcome): string {
  const part = findPart(outcome);
  if (outcome.result === "failed" && part !== DIFFERENT) return part;
  const { name } = outcome;
  const later = PARTS.find(([, pattern]) => pattern.test(name));
  const area = AREAS.find(([, pattern]) => pattern.test(name));
  return later?.[0] ?? area?.[0] ?? "Objects";
}

/** What is here before what comes later. */
function byPresence([one]: readonly [string, ...number[]], [other]: readonly [string, ...number[]]): number {
  const later = new Set([...PARTS.map(([part]) => part), UNEXPLAINED]);
  return Number(later.has(one)) - Number(later.has(other));
}

/** A table by area, then every failure by name. Markdown, as docs/conformance.md shows it. */
export function describeOutcomes(outcomes: readonly Outcome[]): string {
  const count = (tests: readonly Outcome[], result: Outcome["result"]) =>
    tests.filter((outcome) => outcome.result === result).length;
  const areas = [...Map.groupBy(outcomes, findArea)].map(
    ([area, tests]) => [area, count(tests, "passed"), count(tests, "failed"), count(tests, "skipped")] as const,
  );
  const total = ["all", count(outcomes, "passed"), count(outcomes, "failed"), count(outcomes, "skipped")] as const;
  const failures = Map.groupBy(
    outcomes.filter(({ result }) => result === "failed"),
    findPart,
  );
  return [
    "| area | passed | failed | skipped |",
    "|---|---:|---:|---:|",
    ...[...areas.sort(([, one], [, other]) => other - one).sort(byPresence), total].map(
      (cells) => `| ${cells.join(" | ")} |`,
    ),
    ...[...failures]
      .sort(([, one], [, other]) => other.length - one.length)
      .flatMap(([part, tests]) => ["", `### ${part}`, "", ...tests.map(({ name }) => `- \`${name}\``).sort()]),
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
