import { children, element, optionalElement, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { Tag } from "../../metadata/bucket/documents.ts";
import type {
  Expiration,
  LifecycleFilter,
  LifecycleRule,
  Moment,
  NoncurrentExpiration,
  NoncurrentTransition,
  Transition,
} from "../../metadata/bucket/lifecycle-rules.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { checkTags, hasDuplicates } from "../tags.ts";
import { readBoolean } from "../xml-body.ts";
import { checkChildren, readText, requireChild, requireText } from "./document.ts";

/** Amazon S3 API Reference, PutBucketLifecycleConfiguration; User Guide, "Lifecycle configuration elements". */
const MAX_RULES = 1000;
const MAX_ID_CHARACTERS = 255;
const MAX_NEWER_VERSIONS = 100;
const STORAGE_CLASSES = new Set([
  "GLACIER",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "DEEP_ARCHIVE",
  "GLACIER_IR",
]);
/** Days that an object stays in Standard before it may move there. */
const MINIMUM_DAYS: Readonly<Record<string, number>> = { STANDARD_IA: 30, ONEZONE_IA: 30 };
const DAY_MS = 24 * 3600_000;

export function readRules(root: XmlNode): LifecycleRule[] {
  checkChildren(root, [], ["Rule"]);
  const rules = children(root, "Rule").map(readRule);
  if (rules.length === 0 || rules.length > MAX_RULES) throw s3Error("MalformedXML");
  const ids = rules.map(({ id }) => id);
  const repeated = ids.find((id, position) => ids.indexOf(id) < position);
  if (repeated === undefined) return rules;
  throw invalidArgument(
    `Rule ID must be unique. Found same ID for more than one rule. Rule ID: ${repeated}`,
    "ID",
    repeated,
  );
}

function readRule(node: XmlNode): LifecycleRule {
  checkChildren(
    node,
    ["ID", "Status", "Prefix", "Filter", "Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"],
    ["Transition", "NoncurrentVersionTransition"],
  );
  const status = requireText(node, "Status");
  if (status !== "Enabled" && status !== "Disabled") throw s3Error("MalformedXML");
  const expiration = one(node, "Expiration", readExpiration);
  const transitions = children(node, "Transition").map(readTransition);
  const noncurrentExpiration = one(node, "NoncurrentVersionExpiration", readNoncurrentExpiration);
  const noncurrentTransitions = children(node, "NoncurrentVersionTransition").map(readNoncurrentTransition);
  const abortUploadDays = one(node, "AbortIncompleteMultipartUpload", readAbort);
  const rule: LifecycleRule = {
    id: readId(node),
    enabled: status === "Enabled",
    filter: readFilter(node),
    ...(expiration && { expiration }),
    ...(transitions.length > 0 && { transitions }),
    ...(noncurrentExpiration && { noncurrentExpiration }),
    ...(noncurrentTransitions.length > 0 && { noncurrentTransitions }),
    ...(abortUploadDays !== undefined && { abortUploadDays }),
  };
  checkRule(rule);
  return rule;
}

function readId(node: XmlNode): string {
  const id = readText(node, "ID");
  if (!id) return Buffer.from(crypto.randomUUID()).toString("base64");
  if (id.length <= MAX_ID_CHARACTERS) return id;
  throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID_CHARACTERS}`, "ID", id);
}

function checkRule(rule: LifecycleRule): void {
  const { filter, expiration, transitions = [], noncurrentTransitions = [], abortUploadDays } = rule;
  const actions = [
    expiration,
    rule.transitions,
    rule.noncurrentExpiration,
    rule.noncurrentTransitions,
    abortUploadDays,
  ];
  if (actions.every((action) => action === undefined)) {
    throw invalidRequest("At least one action needs to be specified in a rule");
  }
  const onlyPrefix = !filter.tags && filter.sizeGreaterThan === undefined && filter.sizeLessThan === undefined;
  if (abortUploadDays !== undefined && !onlyPrefix) {
    throw invalidRequest("AbortIncompleteMultipartUpload cannot be specified with tags or object sizes.");
  }
  if (expiration && "expiredDeleteMarker" in expiration && !onlyPrefix) {
    throw invalidRequest("ExpiredObjectDeleteMarker cannot be specified with tags or object sizes.");
  }
  const classes = transitions.map(({ storageClass }) => storageClass);
  const laterClasses = noncurrentTransitions.map(({ storageClass }) => storageClass);
  if (new Set(classes).size < classes.length || new Set(laterClasses).size < laterClasses.length) {
    throw invalidRequest("A rule cannot have two transitions to the same storage class.");
  }
  for (const transition of transitions) checkTransition(transition, expiration, filter.prefix ?? "");
}

function checkTransition(transition: Transition, expiration: Expiration | undefined, prefix: string): void {
  const minimum = MINIMUM_DAYS[transition.storageClass] ?? 0;
  if ("days" in transition && transition.days < minimum) {
    throw invalidArgument(
      `'Days' in Transition action must be greater than or equal to ${minimum} for storageClass '${transition.storageClass}'`,
      "Days",
      String(transition.days),
    );
  }
  if (!expiration || "expiredDeleteMarker" in expiration) return;
  if ("days" in transition !== "days" in expiration) {
    throw invalidRequest(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for prefix '${prefix}'`,
    );
  }
  const [first, second] = [valueOf(transition), valueOf(expiration)];
  if (first < second) return;
  const unit = "days" in transition ? "Days" : "Date";
  throw invalidArgument(
    `'${unit}' in the Expiration action for prefix '${prefix}' must be greater than '${unit}' in the Transition action`,
    unit,
    String(second),
  );
}

function valueOf(moment: Moment): number {
  return "days" in moment ? moment.days : moment.date;
}

function readFilter(rule: XmlNode): LifecycleFilter {
  const filter = rule.children.find(({ name }) => name === "Filter");
  const prefix = readText(rule, "Prefix");
  // One of the two, and not both.
  if ((filter === undefined) === (prefix === undefined)) throw s3Error("MalformedXML");
  if (!filter) return { form: "prefix", prefix: prefix ?? "" };
  const and = filter.children.find(({ name }) => name === "And");
  if (!and) return readConditions(filter, "one");
  checkChildren(filter, ["And"]);
  return readConditions(and, "and");
}

function readConditions(node: XmlNode, form: "one" | "and"): LifecycleFilter {
  const names = ["Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];
  if (form === "one") checkChildren(node, [...names, "Tag"]);
  else checkChildren(node, names, ["Tag"]);
  const count = node.children.length;
  if (form === "one" ? count > 1 : count < 2) throw s3Error("MalformedXML");
  const prefix = readText(node, "Prefix");
  const tags = children(node, "Tag").map(readTag);
  if (hasDuplicates(tags)) throw invalidRequest("Duplicate Tag Keys are not allowed.");
  const sizeGreaterThan = readSize(node, "ObjectSizeGreaterThan");
  const sizeLessThan = readSize(node, "ObjectSizeLessThan");
  if (sizeGreaterThan !== undefined && sizeLessThan !== undefined && sizeGreaterThan >= sizeLessThan) {
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
  }
  return {
    form,
    ...(prefix !== undefined && { prefix }),
    ...(tags.length > 0 && { tags: checkTags(tags, "Object") }),
    ...(sizeGreaterThan !== undefined && { sizeGreaterThan }),
    ...(sizeLessThan !== undefined && { sizeLessThan }),
  };
}

function readTag(node: XmlNode): Tag {
  checkChildren(node, ["Key", "Value"]);
  return { key: requireText(node, "Key"), value: requireText(node, "Value") };
}

function readSize(node: XmlNode, name: string): number | undefined {
  const text = readText(node, name)?.trim();
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw s3Error("MalformedXML");
  return Number(text);
}

function readExpiration(node: XmlNode): Expiration {
  checkChildren(node, ["Days", "Date", "ExpiredObjectDeleteMarker"]);
  if (node.children.length !== 1) throw s3Error("MalformedXML");
  const marker = readText(node, "ExpiredObjectDeleteMarker");
  if (marker !== undefined) return { expiredDeleteMarker: readBoolean(marker) };
  return readMoment(node, "Expiration", 1);
}

function readTransition(node: XmlNode): Transition {
  checkChildren(node, ["Days", "Date", "StorageClass"]);
  if (node.children.length !== 2) throw s3Error("MalformedXML");
  return { ...readMoment(node, "Transition", 0), storageClass: readStorageClass(node) };
}

function readMoment(node: XmlNode, action: string, minimum: 0 | 1): Moment {
  const date = readText(node, "Date")?.trim();
  return date === undefined ? { days: readDays(node, "Days", action, minimum) } : { date: readDate(date) };
}

function readNoncurrentExpiration(node: XmlNode): NoncurrentExpiration {
  checkChildren(node, ["NoncurrentDays", "NewerNoncurrentVersions"]);
  return readNoncurrent(node, "NoncurrentVersionExpiration", 1);
}

function readNoncurrentTransition(node: XmlNode): NoncurrentTransition {
  checkChildren(node, ["NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"]);
  return { ...readNoncurrent(node, "NoncurrentVersionTransition", 0), storageClass: readStorageClass(node) };
}

function readNoncurrent(node: XmlNode, action: string, minimum: 0 | 1): NoncurrentExpiration {
  const days = readDays(node, "NoncurrentDays", action, minimum);
  const newer = readText(node, "NewerNoncurrentVersions")?.trim();
  if (newer === undefined) return { days };
  const newerVersions = readWhole(newer);
  if (newerVersions < 1 || newerVersions > MAX_NEWER_VERSIONS) {
    throw invalidArgument(
      `'NewerNoncurrentVersions' for ${action} action must be between 1 and ${MAX_NEWER_VERSIONS}`,
      "NewerNoncurrentVersions",
      newer,
    );
  }
  return { days, newerVersions };
}

function readAbort(node: XmlNode): number {
  checkChildren(node, ["DaysAfterInitiation"]);
  return readDays(node, "DaysAfterInitiation", "AbortIncompleteMultipartUpload", 1);
}

function readDays(node: XmlNode, name: string, action: string, minimum: 0 | 1): number {
  const text = requireText(node, name).trim();
  const days = readWhole(text);
  if (days >= minimum) return days;
  const wanted = minimum === 1 ? "a positive integer" : "zero or a positive integer";
  throw invalidArgument(`'${name}' for ${action} action must be ${wanted}`, name, text);
}

function readWhole(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw s3Error("MalformedXML");
  return Number(text);
}

/** ISO 8601, at midnight GMT. */
function readDate(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw s3Error("MalformedXML");
  if (time % DAY_MS !== 0) throw invalidArgument("'Date' must be at midnight GMT", "Date", text);
  return time;
}

function readStorageClass(node: XmlNode): string {
  const storageClass = requireText(node, "StorageClass").trim();
  if (!STORAGE_CLASSES.has(storageClass)) throw s3Error("MalformedXML");
  return storageClass;
}

function one<Value>(node: XmlNode, name: string, read: (child: XmlNode) => Value): Value | undefined {
  return node.children.some((child) => child.name === name) ? read(requireChild(node, name)) : undefined;
}

export function renderRule(rule: LifecycleRule): XmlElement {
  const { filter, expiration, transitions = [], noncurrentExpiration, noncurrentTransitions = [] } = rule;
  return element(
    "Rule",
    element("ID", rule.id),
    filter.form === "prefix" ? element("Prefix", filter.prefix ?? "") : renderFilter(filter),
    element("Status", rule.enabled ? "Enabled" : "Disabled"),
    transitions.map((transition) =>
      element("Transition", renderMoment(transition), element("StorageClass", transition.storageClass)),
    ),
    expiration && element("Expiration", renderExpiration(expiration)),
    noncurrentTransitions.map((transition) =>
      element(
        "NoncurrentVersionTransition",
        renderNoncurrent(transition),
        element("StorageClass", transition.storageClass),
      ),
    ),
    noncurrentExpiration && element("NoncurrentVersionExpiration", renderNoncurrent(noncurrentExpiration)),
    rule.abortUploadDays === undefined
      ? undefined
      : element("AbortIncompleteMultipartUpload", element("DaysAfterInitiation", rule.abortUploadDays)),
  );
}

function renderFilter({ form, prefix, tags = [], sizeGreaterThan, sizeLessThan }: LifecycleFilter): XmlElement {
  const conditions = [
    optionalElement("Prefix", prefix),
    tags.map(({ key, value }) => element("Tag", element("Key", key), element("Value", value))),
    optionalElement("ObjectSizeGreaterThan", sizeGreaterThan),
    optionalElement("ObjectSizeLessThan", sizeLessThan),
  ];
  return form === "and" ? element("Filter", element("And", conditions)) : element("Filter", conditions);
}

function renderExpiration(expiration: Expiration): XmlElement {
  if ("expiredDeleteMarker" in expiration) return element("ExpiredObjectDeleteMarker", expiration.expiredDeleteMarker);
  return renderMoment(expiration);
}

function renderMoment(moment: Moment): XmlElement {
  return "days" in moment ? element("Days", moment.days) : element("Date", new Date(moment.date).toISOString());
}

function renderNoncurrent({ days, newerVersions }: NoncurrentExpiration) {
  return [element("NoncurrentDays", days), optionalElement("NewerNoncurrentVersions", newerVersions)];
}

function invalidRequest(message: string) {
  return s3Error("InvalidRequest", { message });
}
