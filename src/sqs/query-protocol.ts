import type { ServiceError } from "../lib/errors.ts";
import { type FormTree, growTree, listItems } from "../lib/form-tree.ts";
import type { Query } from "../lib/query.ts";
import { element, renderXml, type XmlContent, type XmlElement } from "../lib/xml.ts";
import type { SqsResult } from "./call.ts";
import { queryCodeOf, sqsError } from "./errors.ts";

/**
 * SQS's older protocol: parameters as a form, answers in XML. Requests become what the JSON protocol would have
 * sent, and answers are written from what it would have answered.
 */

const NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/";

type Json = string | number | boolean | Json[] | { [name: string]: Json };
type Members = { [name: string]: Json };

/** Parameters that are lists in JSON: `AttributeName.1=All`. */
const LISTS: Readonly<Record<string, string>> = {
  ActionName: "Actions",
  AWSAccountId: "AWSAccountIds",
  AttributeName: "AttributeNames",
  MessageAttributeName: "MessageAttributeNames",
  MessageSystemAttributeName: "MessageSystemAttributeNames",
  TagKey: "TagKeys",
};
const ENTRIES: ReadonlySet<string> = new Set([
  "SendMessageBatchRequestEntry",
  "DeleteMessageBatchRequestEntry",
  "ChangeMessageVisibilityBatchRequestEntry",
]);
/** Members that are no text: botocore writes an empty list as `Entries=`. */
const STRUCTURED: ReadonlySet<string> = new Set([
  ...Object.keys(LISTS),
  ...Object.values(LISTS),
  "Entries",
  "Attributes",
  "Tags",
  "MessageAttributes",
  "MessageSystemAttributes",
]);
const NUMBERS: ReadonlySet<string> = new Set([
  "DelaySeconds",
  "VisibilityTimeout",
  "WaitTimeSeconds",
  "MaxNumberOfMessages",
  "MaxNumberOfMessagesPerSecond",
  "MaxResults",
]);

/** The action that a form names. */
export function readAction(form: Query): string {
  const action = form.get("Action");
  if (action === undefined) throw sqsError("InvalidAction", "The request has no Action.");
  return action;
}

/** The members of the JSON protocol that a form's parameters stand for. @throws ServiceError InvalidParameterValue */
export function readForm(form: Query): Members {
  const tree = growTree(form);
  return toMembers(tree, "CreateQueue" === form.get("Action"));
}

function toMembers(tree: FormTree, creating: boolean): Members {
  const members: Members = {};
  for (const [name, node] of tree) {
    if (typeof node === "string" && STRUCTURED.has(name)) continue;
    if (typeof node === "string") members[name] = NUMBERS.has(name) ? toNumber(name, node) : node;
    else if (ENTRIES.has(name)) members["Entries"] = listItems(node).map((entry) => toMembers(asTree(entry), false));
    else if (Object.hasOwn(LISTS, name)) members[LISTS[name]!] = listItems(node).map(String);
    else if (name === "Attribute") members["Attributes"] = toMap(node, "Name", "Value");
    else if (name === "Tag") members[creating ? "tags" : "Tags"] = toMap(node, "Key", "Value");
    else if (name === "MessageAttribute") members["MessageAttributes"] = toMap(node, "Name", "Value");
    else if (name === "MessageSystemAttribute") members["MessageSystemAttributes"] = toMap(node, "Name", "Value");
  }
  return members;
}

function toMap(node: FormTree, keyName: string, valueName: string): Members {
  const entries = listItems(node).map((item): [string, Json] => {
    const tree = asTree(item);
    const value = tree.get(valueName) ?? "";
    const key = tree.get(keyName);
    return [typeof key === "string" ? key : "", typeof value === "string" ? value : toMembers(value, false)];
  });
  return Object.fromEntries(entries);
}

function asTree(item: FormTree | string): FormTree {
  return typeof item === "string" ? new Map() : item;
}

function toNumber(name: string, text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw sqsError(
    "InvalidParameterValue",
    `Value ${text} for parameter ${name} is invalid. Reason: Must be an integer.`,
  );
}

/** What the lists and maps of an answer are called in XML. */
const ELEMENTS: Readonly<Record<string, string>> = {
  QueueUrls: "QueueUrl",
  queueUrls: "QueueUrl",
  Messages: "Message",
  Results: "ListMessageMoveTasksResultEntry",
  Failed: "BatchResultErrorEntry",
};
const MAPS: Readonly<Record<string, readonly [element: string, key: string, value: string]>> = {
  Attributes: ["Attribute", "Name", "Value"],
  MessageAttributes: ["MessageAttribute", "Name", "Value"],
  Tags: ["Tag", "Key", "Value"],
};

/** The document that answers an action. */
export function renderAnswer(action: string, result: SqsResult, requestId: string): string {
  const members = renderMembers(result, `${action}ResultEntry`);
  const content = members.length > 0 || HAS_RESULT.has(action) ? element(`${action}Result`, members) : undefined;
  const metadata = element("ResponseMetadata", element("RequestId", requestId));
  return renderXml(element(`${action}Response`, content, metadata), { namespace: NAMESPACE });
}

/** Actions whose answer has a result even when nothing is in it. */
const HAS_RESULT: ReadonlySet<string> = new Set([
  "GetQueueAttributes",
  "ListMessageMoveTasks",
  "ListQueueTags",
  "ListQueues",
  "ListDeadLetterSourceQueues",
  "ReceiveMessage",
]);

export function renderQueryError(error: ServiceError, requestId: string): string {
  const fault = element(
    "Error",
    element("Type", error.status < 500 ? "Sender" : "Receiver"),
    element("Code", queryCodeOf(error)),
    element("Message", error.message),
    element("Detail"),
  );
  return renderXml(element("ErrorResponse", fault, element("RequestId", requestId)), { namespace: NAMESPACE });
}

function renderMembers(members: SqsResult, successful: string): XmlContent[] {
  return Object.entries(members).flatMap(([name, value]): XmlContent[] => {
    const map = MAPS[name];
    if (map) return Object.entries(value as SqsResult).map(([key, entry]) => renderEntry(map, key, entry));
    if (!Array.isArray(value)) return [renderValue(name, value, successful)];
    const item = name === "Successful" ? successful : (ELEMENTS[name] ?? name);
    return value.map((entry: unknown) => renderValue(item, entry, successful));
  });
}

function renderEntry(
  [name, key, value]: readonly [string, string, string],
  entryKey: string,
  entry: unknown,
): XmlElement {
  return element(name, element(key, entryKey), renderValue(value, entry, ""));
}

function renderValue(name: string, value: unknown, successful: string): XmlElement {
  if (typeof value !== "object" || value === null) return element(name, String(value));
  return element(name, renderMembers(value as SqsResult, successful));
}
