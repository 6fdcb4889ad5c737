import type { Operation } from "../../lib/operation.ts";
import { findStoredText, type StoredElement } from "../../lib/stored-element.ts";
import { element, type XmlNode } from "../../lib/xml.ts";
import type { NumberedKind } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { changeDocuments, findDocuments, missingDocument, readUncheckedDocument } from "./document.ts";
import { type ParentShape, readShape, renderStored } from "./document-shape.ts";
import { ANALYTICS, INTELLIGENT_TIERING, INVENTORY, METRICS } from "./numbered-shapes.ts";

/** They are part of what every index object holds and every isolate remembers of the bucket. */
const MAX_CONFIGURATIONS = 100;
const ID = /^[A-Za-z0-9._-]{1,64}$/;
const BUCKET_ARN = /^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$/;
/** Days after which each tier may begin. */
const TIERS: Readonly<Record<string, number>> = { ARCHIVE_ACCESS: 90, DEEP_ARCHIVE_ACCESS: 180 };
const MAX_DAYS = 730;

interface Kind {
  readonly name: NumberedKind;
  /** `GetBucketAnalyticsConfiguration` */
  readonly noun: string;
  readonly subResource: string;
  readonly shape: ParentShape;
  readonly listName: string;
  /** What the schema cannot say. */
  readonly check?: (content: readonly StoredElement[]) => void;
}

const KINDS: readonly Kind[] = [
  {
    name: "analytics",
    noun: "Analytics",
    subResource: "analytics",
    shape: ANALYTICS,
    listName: "ListBucketAnalyticsConfigurationResult",
    check: (content) =>
      checkBucket(
        findStoredText(content, "StorageClassAnalysis", "DataExport", "Destination", "S3BucketDestination", "Bucket"),
      ),
  },
  {
    name: "intelligentTiering",
    noun: "IntelligentTiering",
    subResource: "intelligent-tiering",
    shape: INTELLIGENT_TIERING,
    listName: "ListBucketIntelligentTieringConfigurationsOutput",
    check: checkTiers,
  },
  {
    name: "inventory",
    noun: "Inventory",
    subResource: "inventory",
    shape: INVENTORY,
    listName: "ListInventoryConfigurationsResult",
    check: checkInventory,
  },
  {
    name: "metrics",
    noun: "Metrics",
    subResource: "metrics",
    shape: METRICS,
    listName: "ListMetricsConfigurationsResult",
  },
];

/** Configurations of which a bucket has several, told apart by `id`. Only those of inventories are acted upon. */
export const numberedConfigurations: readonly Operation<S3Call, S3Result>[] = KINDS.flatMap((kind) => {
  const { noun, subResource } = kind;
  const common = { path: "/{Bucket}", query: { [subResource]: true, id: true } } as const;
  const [read, write] = [`s3:Get${noun}Configuration`, `s3:Put${noun}Configuration`];
  return [
    {
      ...common,
      name: `PutBucket${noun}Configuration`,
      method: "PUT",
      access: write,
      handle: (call) => put(call, kind),
    },
    {
      ...common,
      name: `GetBucket${noun}Configuration`,
      method: "GET",
      access: read,
      handle: (call) => get(call, kind),
    },
    {
      ...common,
      name: `DeleteBucket${noun}Configuration`,
      method: "DELETE",
      access: write,
      handle: (call) => remove(call, kind),
    },
    {
      ...common,
      query: { [subResource]: true },
      name: `ListBucket${noun}Configurations`,
      method: "GET",
      access: read,
      handle: (call) => list(call, kind),
    },
  ] satisfies Operation<S3Call, S3Result>[];
});

async function put(call: S3Call, { name, noun, shape, check }: Kind): Promise<S3Result> {
  const id = readId(call);
  const root: XmlNode = await readUncheckedDocument(call, `${noun}Configuration`);
  const content = readShape(root, shape);
  // One mistake, two answers: reports have an error of their own for it.
  if (findStoredText(content, "Id") !== id) throw s3Error(name === "inventory" ? "IdMismatch" : "MalformedXML");
  check?.(content);
  await changeDocuments(call, ({ numbered = {} }) => {
    const changed = { ...numbered[name], [id]: JSON.stringify(content) };
    if (Object.keys(changed).length > MAX_CONFIGURATIONS) throw s3Error("TooManyConfigurations");
    return { numbered: { ...numbered, [name]: changed } };
  });
  return {};
}

async function get(call: S3Call, { name, noun }: Kind): Promise<S3Result> {
  const id = readId(call);
  const { numbered } = await findDocuments(call);
  const content = numbered?.[name]?.[id];
  if (content === undefined) throw missingDocument(call, "NoSuchConfiguration");
  return { xml: element(`${noun}Configuration`, renderStored(content)) };
}

async function remove(call: S3Call, { name }: Kind): Promise<S3Result> {
  const id = readId(call);
  await changeDocuments(call, ({ numbered = {} }) => {
    const { [id]: removed, ...others } = numbered[name] ?? {};
    if (removed === undefined) throw missingDocument(call, "NoSuchConfiguration");
    return { numbered: { ...numbered, [name]: others } };
  });
  return { status: 204 };
}

/** All of them: there are never more than a page of S3's. */
async function list(call: S3Call, { name, noun, listName }: Kind): Promise<S3Result> {
  const { numbered } = await findDocuments(call);
  const sorted = Object.entries(numbered?.[name] ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    xml: element(
      listName,
      element("IsTruncated", false),
      sorted.map(([, content]) => element(`${noun}Configuration`, renderStored(content))),
    ),
  };
}

function readId(call: S3Call): string {
  const id = call.query.get("id") ?? "";
  if (ID.test(id)) return id;
  throw invalidArgument("The configuration id is not valid.", "id", id);
}

function checkBucket(arn: string | undefined): void {
  if (arn !== undefined && !BUCKET_ARN.test(arn)) throw s3Error("InvalidS3DestinationBucket");
}

function checkInventory(content: readonly StoredElement[]): void {
  const destination = ["Destination", "S3BucketDestination"] as const;
  checkBucket(findStoredText(content, ...destination, "Bucket"));
  const format = findStoredText(content, ...destination, "Format");
  if (format === "CSV") return;
  throw s3Error("NotImplemented", { message: `Inventory reports in ${format} are not implemented here. Choose CSV.` });
}

function checkTiers(content: readonly StoredElement[]): void {
  for (const [name, tier] of content) {
    if (name !== "Tiering" || typeof tier === "string") continue;
    const days = findStoredText(tier, "Days") ?? "";
    const least = TIERS[findStoredText(tier, "AccessTier") ?? ""] ?? 0;
    if (!/^\d{1,4}$/.test(days) || Number(days) < least || Number(days) > MAX_DAYS) {
      throw invalidArgument(`Days must be between ${least} and ${MAX_DAYS} for this access tier.`, "Days", days);
    }
  }
}
