import { children, element, optionalElement, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { Tag } from "../../metadata/bucket/documents.ts";
import type {
  ReplicationConfiguration,
  ReplicationDestination,
  ReplicationFilter,
  ReplicationRule,
  Switch,
} from "../../metadata/bucket/replication-rules.ts";
import { isStorageClass } from "../attributes.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { checkTags } from "../tags.ts";
import { checkChildren, readText, requireChild, requireText } from "./document.ts";

const ARN_PREFIX = "arn:aws:s3:::";
/** What S3 says of elements that its second schema alone has, or must have. */
const SCHEMA = "for this version of Cross Region Replication configuration schema.";
const GUIDE = "Please refer to S3 Developer Guide for more information.";
/** The one value that replication time control has. */
const MINUTES = 15;
const SETTINGS = ["SourceSelectionCriteria", "ExistingObjectReplication", "DeleteMarkerReplication"];

/** The document of PutBucketReplication, as far as it can be read without looking at the buckets. */
export function readReplication(root: XmlNode): ReplicationConfiguration {
  checkChildren(root, ["Role"], ["Rule"]);
  return { role: requireText(root, "Role").trim(), rules: children(root, "Rule").map(readRule) };
}

/** The same document again. */
export function renderReplication({ role, rules }: ReplicationConfiguration): XmlElement {
  return element("ReplicationConfiguration", element("Role", role), rules.map(renderRule));
}

function readRule(node: XmlNode): ReplicationRule {
  checkChildren(node, ["ID", "Priority", "Prefix", "Filter", "Status", "Destination", ...SETTINGS]);
  const filter = readFilter(node);
  const priority = readPriority(node);
  if (filter.form === "version-1") refuseLaterElements(node);
  else requireLaterElements(node);
  const deleteMarkers = readStatus(node, "DeleteMarkerReplication");
  if (deleteMarkers === "Enabled" && filter.tags) {
    throw invalidRequest(`Delete marker replication is not supported if any Tag filter is specified. ${GUIDE}`);
  }
  const existing = readStatus(node, "ExistingObjectReplication");
  if (existing === "Enabled") {
    throw s3Error("MalformedXML", {
      message: "Existing objects are not replicated by this deployment: ExistingObjectReplication must be Disabled.",
    });
  }
  const criteria = children(node, "SourceSelectionCriteria")[0];
  if (criteria) checkChildren(criteria, ["SseKmsEncryptedObjects", "ReplicaModifications"]);
  const kmsObjects = criteria && readStatus(criteria, "SseKmsEncryptedObjects");
  const replicaModifications = criteria && readStatus(criteria, "ReplicaModifications");
  const destination = readDestination(requireChild(node, "Destination"), filter);
  checkEncryption(kmsObjects, destination);
  return {
    id: readId(node),
    enabled: readSwitch(node) === "Enabled",
    ...(priority !== undefined && { priority }),
    filter,
    destination,
    ...(deleteMarkers && { deleteMarkers }),
    ...(existing && { existingObjects: existing }),
    ...(kmsObjects && { kmsObjects }),
    ...(replicaModifications && { replicaModifications }),
  };
}

function readId(node: XmlNode): string {
  const id = readText(node, "ID");
  if (!id) return Buffer.from(crypto.randomUUID()).toString("base64");
  if (id.length <= 255) return id;
  throw invalidArgument("ID length should not exceed allowed limit of 255", "ID", id);
}

function readPriority(node: XmlNode): number | undefined {
  const text = readText(node, "Priority")?.trim();
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw s3Error("MalformedXML");
  const priority = Number(text);
  if (priority <= 2_147_483_647) return priority;
  throw invalidArgument("The rule priority must be between 0 and 2147483647.", "Priority", text);
}

/** Elements that rules with a `Filter` have alone. */
function refuseLaterElements(node: XmlNode): void {
  for (const name of ["Priority", "DeleteMarkerReplication", "ExistingObjectReplication"]) {
    if (node.children.some((child) => child.name === name)) {
      throw invalidRequest(`${name} cannot be specified ${SCHEMA} ${GUIDE}`);
    }
  }
}

function requireLaterElements(node: XmlNode): void {
  for (const name of ["Priority", "DeleteMarkerReplication"]) {
    if (node.children.every((child) => child.name !== name)) {
      throw invalidRequest(`${name} must be specified ${SCHEMA} ${GUIDE}`);
    }
  }
}

function readFilter(rule: XmlNode): ReplicationFilter {
  const [filter] = children(rule, "Filter");
  const prefix = readText(rule, "Prefix");
  if (filter && prefix !== undefined) throw s3Error("MalformedXML");
  if (!filter) return { form: "version-1", ...(prefix !== undefined && { prefix: checkPrefix(prefix) }) };
  const [and] = children(filter, "And");
  if (!and) return readConditions(filter, "one");
  checkChildren(filter, ["And"]);
  return readConditions(and, "and");
}

function readConditions(node: XmlNode, form: "one" | "and"): ReplicationFilter {
  if (form === "one") checkChildren(node, ["Prefix", "Tag"]);
  else checkChildren(node, ["Prefix"], ["Tag"]);
  const count = node.children.length;
  if (form === "one" ? count > 1 : count < 2) throw s3Error("MalformedXML");
  const prefix = readText(node, "Prefix");
  const tags = children(node, "Tag").map(readTag);
  return {
    form,
    ...(prefix !== undefined && { prefix: checkPrefix(prefix) }),
    ...(tags.length > 0 && { tags: checkTags(tags, "Object") }),
  };
}

function checkPrefix(prefix: string): string {
  if (Buffer.byteLength(prefix) <= 1024) return prefix;
  throw invalidRequest("The maximum size of a prefix is 1024");
}

function readTag(node: XmlNode): Tag {
  checkChildren(node, ["Key", "Value"]);
  return { key: requireText(node, "Key"), value: requireText(node, "Value") };
}

function readDestination(node: XmlNode, filter: ReplicationFilter): ReplicationDestination {
  checkChildren(node, [
    "Bucket",
    "Account",
    "StorageClass",
    "AccessControlTranslation",
    "EncryptionConfiguration",
    "ReplicationTime",
    "Metrics",
  ]);
  const accountId = readText(node, "Account")?.trim();
  if (accountId !== undefined && !/^\d{12}$/.test(accountId)) {
    throw invalidArgument("The account id is not valid.", "Account", accountId);
  }
  const storageClass = readText(node, "StorageClass")?.trim();
  if (storageClass !== undefined && !isStorageClass(storageClass)) throw s3Error("MalformedXML");
  const overridesOwner = readOwnerOverride(node);
  if (overridesOwner && accountId === undefined) {
    throw invalidRequest("Account must be specified if AccessControlTranslation is.");
  }
  const [encryption] = children(node, "EncryptionConfiguration");
  if (encryption) checkChildren(encryption, ["ReplicaKmsKeyID"]);
  const kmsKey = encryption && readText(encryption, "ReplicaKmsKeyID")?.trim();
  return {
    bucket: readBucket(node),
    ...(accountId !== undefined && { accountId }),
    ...(storageClass !== undefined && { storageClass }),
    ...(overridesOwner && { overridesOwner }),
    ...(kmsKey && { kmsKey }),
    ...readTimeControl(node, filter),
  };
}

function readBucket(node: XmlNode): string {
  const arn = requireText(node, "Bucket").trim();
  const name = arn.slice(ARN_PREFIX.length);
  if (arn.startsWith(ARN_PREFIX) && name !== "" && !name.includes("/")) return name;
  throw invalidArgument("Invalid bucket ARN.", "Bucket", arn);
}

function readOwnerOverride(node: XmlNode): boolean {
  const [translation] = children(node, "AccessControlTranslation");
  if (!translation) return false;
  checkChildren(translation, ["Owner"]);
  if (requireText(translation, "Owner").trim() !== "Destination") throw s3Error("MalformedXML");
  return true;
}

function readTimeControl(node: XmlNode, { form }: ReplicationFilter): Pick<ReplicationDestination, "time" | "metrics"> {
  const [time] = children(node, "ReplicationTime");
  const [metrics] = children(node, "Metrics");
  if (form === "version-1" && (time || metrics)) {
    throw invalidRequest(`${time ? "ReplicationTime" : "Metrics"} cannot be specified ${SCHEMA} ${GUIDE}`);
  }
  if (time) checkChildren(time, ["Status", "Time"]);
  if (metrics) checkChildren(metrics, ["Status", "EventThreshold"]);
  const [threshold] = metrics ? children(metrics, "EventThreshold") : [];
  const read = {
    ...(time && { time: { status: readSwitch(time), minutes: readMinutes(requireChild(time, "Time")) } }),
    ...(metrics && {
      metrics: { status: readSwitch(metrics), ...(threshold && { minutes: readMinutes(threshold) }) },
    }),
  };
  if (read.time?.status === "Enabled" && read.metrics?.status !== "Enabled") {
    throw invalidRequest("Replication Time Control must be used with Metrics enabled.");
  }
  return read;
}

function readMinutes(node: XmlNode): number {
  checkChildren(node, ["Minutes"]);
  const text = requireText(node, "Minutes").trim();
  if (text === String(MINUTES)) return MINUTES;
  throw invalidArgument(`Minutes must be ${MINUTES}.`, "Minutes", text);
}

function checkEncryption(kmsObjects: Switch | undefined, { kmsKey }: ReplicationDestination): void {
  if (kmsObjects === "Enabled" && kmsKey === undefined) {
    throw invalidRequest("ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.");
  }
  if (kmsKey !== undefined && kmsObjects === undefined) {
    throw invalidRequest("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.");
  }
}

/** The status in an element of that name; undefined where there is none. */
function readStatus(node: XmlNode, name: string): Switch | undefined {
  const [found] = children(node, name);
  if (!found) return undefined;
  checkChildren(found, ["Status"]);
  return readSwitch(found);
}

function readSwitch(node: XmlNode): Switch {
  const status = requireText(node, "Status").trim();
  if (status === "Enabled" || status === "Disabled") return status;
  throw s3Error("MalformedXML");
}

function renderRule(rule: ReplicationRule): XmlElement {
  const { filter, kmsObjects, replicaModifications } = rule;
  return element(
    "Rule",
    element("ID", rule.id),
    optionalElement("Priority", rule.priority),
    filter.form === "version-1" ? optionalElement("Prefix", filter.prefix) : renderFilter(filter),
    element("Status", rule.enabled ? "Enabled" : "Disabled"),
    kmsObjects || replicaModifications
      ? element(
          "SourceSelectionCriteria",
          renderStatus("SseKmsEncryptedObjects", kmsObjects),
          renderStatus("ReplicaModifications", replicaModifications),
        )
      : undefined,
    renderStatus("ExistingObjectReplication", rule.existingObjects),
    renderDestination(rule.destination),
    renderStatus("DeleteMarkerReplication", rule.deleteMarkers),
  );
}

function renderFilter({ form, prefix, tags = [] }: ReplicationFilter): XmlElement {
  const conditions = [
    optionalElement("Prefix", prefix),
    tags.map(({ key, value }) => element("Tag", element("Key", key), element("Value", value))),
  ];
  return form === "and" ? element("Filter", element("And", conditions)) : element("Filter", conditions);
}

function renderDestination(destination: ReplicationDestination): XmlElement {
  const { bucket, accountId, storageClass, overridesOwner, kmsKey, time, metrics } = destination;
  const minutes = (name: string, value: number) => element(name, element("Minutes", value));
  return element(
    "Destination",
    element("Bucket", `${ARN_PREFIX}${bucket}`),
    optionalElement("Account", accountId),
    optionalElement("StorageClass", storageClass),
    overridesOwner ? element("AccessControlTranslation", element("Owner", "Destination")) : undefined,
    kmsKey === undefined ? undefined : element("EncryptionConfiguration", element("ReplicaKmsKeyID", kmsKey)),
    time && element("ReplicationTime", element("Status", time.status), minutes("Time", time.minutes)),
    metrics &&
      element(
        "Metrics",
        element("Status", metrics.status),
        metrics.minutes === undefined ? undefined : minutes("EventThreshold", metrics.minutes),
      ),
  );
}

function renderStatus(name: string, status: Switch | undefined): XmlElement | undefined {
  return status && element(name, element("Status", status));
}

function invalidRequest(message: string) {
  return s3Error("InvalidRequest", { message });
}
