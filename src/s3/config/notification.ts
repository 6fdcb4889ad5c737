import { children, element, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { BucketNotifications, Subscription } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  readUncheckedDocument,
  readText,
  readTexts,
  requireText,
  textElements,
} from "./document.ts";
import { checkSubscriptions } from "./notification-rules.ts";

const ROOT = "NotificationConfiguration";
const EVENT_BRIDGE = "EventBridgeConfiguration";

/** What a destination may be: its elements in the document, and the service in its ARN. */
interface DestinationKind {
  readonly service: string;
  readonly element: string;
  readonly arnElement: string;
  /** What S3 says of one that it cannot find, where this deployment has none at all. */
  readonly missing?: string;
}
/** In the order in which S3 answers them. */
const KINDS: readonly DestinationKind[] = [
  {
    service: "sns",
    element: "TopicConfiguration",
    arnElement: "Topic",
    missing: "The destination topic does not exist",
  },
  {
    service: "sqs",
    element: "QueueConfiguration",
    arnElement: "Queue",
  },
  { service: "lambda", element: "CloudFunctionConfiguration", arnElement: "CloudFunction" },
];

/** PutBucketNotificationConfiguration: replaces who is told of the bucket's events; nobody, by an empty document. */
export async function putBucketNotification(call: S3Call): Promise<S3Result> {
  const notifications = readNotifications(await readUncheckedDocument(call, ROOT));
  checkSubscriptions(notifications.subscriptions, call.settings.region);
  await checkDestinations(call, notifications.subscriptions);
  const isEmpty = notifications.subscriptions.length === 0 && !notifications.eventBridge;
  await changeDocuments(call, { notifications: isEmpty ? undefined : notifications });
  return {};
}

/** GetBucketNotificationConfiguration */
export async function getBucketNotification(call: S3Call): Promise<S3Result> {
  const { notifications } = await findDocuments(call);
  const subscriptions = notifications?.subscriptions ?? [];
  return {
    xml: element(
      ROOT,
      KINDS.map((kind) =>
        subscriptions.filter((one) => kindOf(one.destination) === kind).map((one) => renderSubscription(kind, one)),
      ),
      notifications?.eventBridge ? element(EVENT_BRIDGE) : undefined,
    ),
  };
}

function readNotifications(root: XmlNode): BucketNotifications {
  checkChildren(
    root,
    [EVENT_BRIDGE],
    KINDS.map((kind) => kind.element),
  );
  return {
    subscriptions: KINDS.flatMap((kind) => children(root, kind.element).map((node) => readSubscription(kind, node))),
    eventBridge: children(root, EVENT_BRIDGE).length > 0,
  };
}

function readSubscription({ service, arnElement }: DestinationKind, node: XmlNode): Subscription {
  checkChildren(node, ["Id", arnElement, "Filter"], ["Event"]);
  const destination = requireText(node, arnElement);
  if (!new RegExp(`^arn:aws:${service}:[a-z0-9-]+:\\d{12}:.+$`).test(destination)) {
    throw invalidArgument("The ARN is not well formed", arnElement, destination);
  }
  const id = readText(node, "Id") ?? "";
  const events = readTexts(node, "Event");
  if (events.length === 0) throw s3Error("MalformedXML");
  return {
    id: id === "" ? crypto.randomUUID() : id,
    destination,
    events: [...new Set(events)],
    ...readFilter(node),
  };
}

function readFilter(node: XmlNode): Pick<Subscription, "prefix" | "suffix"> {
  const filter: { prefix?: string; suffix?: string } = {};
  for (const { name, value } of listFilterRules(node)) {
    if (name !== "prefix" && name !== "suffix") {
      throw invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", name);
    }
    if (filter[name] !== undefined) {
      throw invalidArgument(`Cannot specify more than one ${name} rule in a filter.`, "FilterRule.Name", name);
    }
    filter[name] = value;
  }
  return filter;
}

/** Names in lower case: S3 takes any, and answers them with a capital letter. */
function listFilterRules(node: XmlNode): { name: string; value: string }[] {
  return children(node, "Filter").flatMap((filter) => {
    checkChildren(filter, ["S3Key"]);
    return children(filter, "S3Key").flatMap((key) => {
      checkChildren(key, [], ["FilterRule"]);
      return children(key, "FilterRule").map((rule) => {
        checkChildren(rule, ["Name", "Value"]);
        return { name: requireText(rule, "Name").toLowerCase(), value: readText(rule, "Value") ?? "" };
      });
    });
  });
}

/**
 * Each destination must be there and let S3 reach it, unless the caller vouches for that
 * (`x-amz-skip-destination-validation`). One of a kind that this deployment has not cannot be vouched for.
 */
async function checkDestinations(call: S3Call, subscriptions: readonly Subscription[]): Promise<void> {
  const skipped = call.headers.get("x-amz-skip-destination-validation")?.toLowerCase() === "true";
  const destinations = [...new Set(subscriptions.map((one) => one.destination))];
  const complaints = await Promise.all(
    destinations.map(async (destination) => {
      const missing = kindOf(destination)?.missing;
      if (missing !== undefined) return [{ name: destination, value: missing }];
      const value = skipped ? undefined : await call.checkDestination(destination, call.bucket.config);
      return value === undefined ? [] : [{ name: `${destination}, null`, value }];
    }),
  );
  // S3 numbers them, from 1.
  const detail = complaints.flat().flatMap(({ name, value }, position): [string, string][] => [
    [`ArgumentName${position + 1}`, name],
    [`ArgumentValue${position + 1}`, value],
  ]);
  if (detail.length === 0) return;
  throw s3Error("InvalidArgument", {
    message: "Unable to validate the following destination configurations",
    detail: Object.fromEntries(detail),
  });
}

function kindOf(destination: string): DestinationKind | undefined {
  const service = destination.split(":")[2];
  return KINDS.find((kind) => kind.service === service);
}

function renderSubscription(
  kind: DestinationKind,
  { id, destination, events, prefix, suffix }: Subscription,
): XmlElement {
  const rules = [renderRule("Prefix", prefix), renderRule("Suffix", suffix)].filter((rule) => rule !== undefined);
  return element(
    kind.element,
    element("Id", id),
    element(kind.arnElement, destination),
    textElements("Event", events),
    rules.length > 0 ? element("Filter", element("S3Key", rules)) : undefined,
  );
}

function renderRule(name: string, value: string | undefined): XmlElement | undefined {
  return value === undefined ? undefined : element("FilterRule", element("Name", name), element("Value", value));
}
