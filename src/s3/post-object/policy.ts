import { JsonError, parseJson } from "../../lib/json.ts";
import { s3Error } from "../errors.ts";
import type { FormFields } from "./form-fields.ts";
import type { SizeRange } from "./size-range.ts";

/** What a form must say, in the words of its policy. */
interface Condition {
  readonly operator: "eq" | "starts-with";
  /** In lower case: names of fields and conditions have no case. */
  readonly field: string;
  readonly value: string;
  /** As S3 repeats it when it does not hold. */
  readonly wording: string;
}

/** A policy document, as Amazon S3 API Reference, "POST Policy", describes it. */
export interface PostPolicy {
  /** Milliseconds since the epoch. */
  readonly expiration: number;
  readonly conditions: readonly Condition[];
  /** Of `content-length-range`; of several, what all of them allow. */
  readonly sizes: SizeRange;
}

/** ISO 8601 in GMT, with or without fractions of a second. */
const EXPIRATION = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/**
 * Fields that need no condition: the signature and what it covers, and the file. A checksum can only narrow
 * which bytes are taken, and forms are made before anybody knows it: s3-tests sends it uncovered.
 */
const NEED_NO_CONDITION = /^(?:awsaccesskeyid|signature|x-amz-signature|policy|file|x-ignore-.*|x-amz-checksum-.*)$/;

/** Decodes the `policy` field. Throws InvalidPolicyDocument. */
export function readPolicy(base64: string): PostPolicy {
  const { expiration, conditions } = decodeDocument(base64);
  if (expiration === undefined) throw invalidPolicy("Policy missing expiration.");
  if (typeof expiration !== "string" || !EXPIRATION.test(expiration) || Number.isNaN(Date.parse(expiration))) {
    throw invalidPolicy(`Invalid 'expiration' value: ${JSON.stringify(expiration)}`);
  }
  if (!Array.isArray(conditions)) throw invalidPolicy("Policy missing conditions.");
  const fields: Condition[] = [];
  let sizes: SizeRange = { minimum: 0, maximum: Number.POSITIVE_INFINITY };
  for (const condition of conditions as unknown[]) {
    if (!Array.isArray(condition)) fields.push(readSimpleCondition(condition));
    else if (isSizeCondition(condition)) sizes = narrow(sizes, readSizes(condition));
    else fields.push(readCondition(condition));
  }
  return { expiration: Date.parse(expiration), conditions: fields, sizes };
}

/**
 * Holds a form against its policy. `fields` are those after `${filename}` was replaced, and `bucket` the one
 * that the request addresses, whatever the form says. Throws AccessDenied with what S3 says of the first fault.
 */
export function checkPolicy(policy: PostPolicy, fields: FormFields, now: number): void {
  if (now >= policy.expiration) throw violated("Policy expired.");
  for (const condition of policy.conditions) {
    if (!isMet(condition, fields.get(condition.field))) throw violated(`Policy Condition failed: ${condition.wording}`);
  }
  const covered = new Set(policy.conditions.map(({ field }) => field));
  const extra = [...fields.keys()].filter((name) => !covered.has(name) && !NEED_NO_CONDITION.test(name));
  if (extra.length > 0) throw violated(`Extra input fields: ${extra.join(", ")}`);
}

/** A field that is not there meets only the condition that any content would meet, `["starts-with", …, ""]`. */
function isMet({ operator, field, value }: Condition, actual: string | undefined): boolean {
  if (actual === undefined) return operator === "starts-with" && value === "";
  if (operator === "eq") return actual === value;
  // "Content-Types values for a starts-with condition that include commas are interpreted as lists."
  const values = field === "content-type" ? actual.split(",").map((item) => item.trimStart()) : [actual];
  return values.every((item) => item.startsWith(value));
}

function decodeDocument(base64: string): { readonly expiration?: unknown; readonly conditions?: unknown } {
  const text = decodeBase64(base64);
  try {
    const document = parseJson(unescapeDollars(text));
    if (typeof document === "object" && document !== null && !Array.isArray(document)) return document;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw invalidPolicy("Invalid JSON.");
}

function decodeBase64(base64: string): string {
  try {
    if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) throw new TypeError("not base64");
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Buffer.from(base64, "base64"));
  } catch {
    throw invalidPolicy("Invalid base64 or UTF-8.");
  }
}

/** Policies may escape a dollar sign, and vertical tabs in C's way, which JSON does not know ("Character Escaping"). */
function unescapeDollars(text: string): string {
  return text.replace(/\\(.)/gs, (escape, character) => {
    if (character === "$") return "$";
    return character === "v" ? String.raw`\u000b` : escape;
  });
}

/** `{"acl": "public-read"}` */
function readSimpleCondition(condition: unknown): Condition {
  const members = typeof condition === "object" && condition !== null ? Object.entries(condition) : [];
  const [member] = members;
  if (!member || members.length !== 1) {
    throw invalidPolicy("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  }
  const [name, value] = member as [string, unknown];
  if (typeof value !== "string") throw invalidPolicy("Invalid Simple-Condition: value must be a string.");
  return describe("eq", `$${name}`, value);
}

/** `["starts-with", "$key", "user/"]` */
function readCondition(condition: readonly unknown[]): Condition {
  const [operator, field, value] = condition;
  const known = typeof operator === "string" ? operator.toLowerCase() : "";
  if (known !== "eq" && known !== "starts-with")
    throw invalidPolicy(`Invalid Condition: unknown operation ${JSON.stringify(operator)}.`);
  if (condition.length !== 3 || typeof field !== "string" || typeof value !== "string") {
    throw invalidPolicy(`Invalid Condition: ${known} takes a field and a value, both strings.`);
  }
  if (!field.startsWith("$")) throw invalidPolicy("Invalid Condition: a field begins with '$'.");
  return describe(known, field, value);
}

function describe(operator: Condition["operator"], field: string, value: string): Condition {
  const wording = `[${[operator, field, value].map((part) => JSON.stringify(part)).join(", ")}]`;
  return { operator, field: field.slice(1).toLowerCase(), value, wording };
}

function isSizeCondition([operator]: readonly unknown[]): boolean {
  return typeof operator === "string" && operator.toLowerCase() === "content-length-range";
}

/** `["content-length-range", 0, 1048576]`; some libraries write the numbers as strings. */
function readSizes(condition: readonly unknown[]): SizeRange {
  const [minimum, maximum] = condition.slice(1).map(readSize);
  if (condition.length !== 3 || minimum === undefined || maximum === undefined) {
    throw invalidPolicy("Invalid Condition: content-length-range takes two whole numbers, neither below 0.");
  }
  return { minimum, maximum };
}

function readSize(value: unknown): number | undefined {
  const size = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

function narrow(a: SizeRange, b: SizeRange): SizeRange {
  return { minimum: Math.max(a.minimum, b.minimum), maximum: Math.min(a.maximum, b.maximum) };
}

function invalidPolicy(fault: string) {
  return s3Error("InvalidPolicyDocument", { message: `Invalid Policy: ${fault}` });
}

function violated(fault: string) {
  return s3Error("AccessDenied", { message: `Invalid according to Policy: ${fault}` });
}
