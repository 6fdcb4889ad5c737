import { element, type XmlContent } from "../../lib/xml.ts";
import type {
  Page,
  ResourceKind,
  ResourceOutcome,
  ResourceRecords,
  StoredResource,
} from "../../metadata/cdn/registry-protocol.ts";
import {
  answer,
  answerCreated,
  type CdnCall,
  type CdnOperation,
  type CdnResult,
  NOTHING,
  parameter,
  readDocument,
  readIfMatch,
} from "./call.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { nextMarker, readPage, renderList } from "./paging.ts";
import type { ResourceType } from "./resource-type.ts";

type Handler = CdnOperation["handle"];

/** The six operations on one kind of resource. */
export interface ResourceHandlers {
  readonly create: Handler;
  readonly get: Handler;
  readonly getConfig: Handler;
  readonly update: Handler;
  readonly delete: Handler;
  readonly list: Handler;
}

/** AWS's own have been there from the beginning. */
const MANAGED_SINCE = Date.UTC(2020, 6, 22);

export function resourceHandlers<Kind extends ResourceKind>(type: ResourceType<Kind>): ResourceHandlers {
  return {
    create: (call) => createResource(type, call),
    get: (call) => getResource(type, call),
    getConfig: (call) => getResourceConfig(type, call),
    update: (call) => updateResource(type, call),
    delete: (call) => deleteResource(type, call),
    list: (call) => listResources(type, call),
  };
}

async function createResource<Kind extends ResourceKind>(type: ResourceType<Kind>, call: CdnCall): Promise<CdnResult> {
  const config = readDocument(call, `${type.name}Config`, type.shape);
  await type.check(config);
  const outcome = await call.registry.createResource({
    kind: type.kind,
    id: type.newId(),
    accountId: call.account.id,
    name: type.nameOf(config),
    record: JSON.stringify(config),
    references: type.references?.(config) ?? [],
  });
  const created = isRepeated(type, outcome, config) ? outcome.resource : requireDone(type, outcome);
  const path = `${type.path}/${created.id}`;
  return answerCreated(call, path, type.name, describeResource(type, created), created.etag);
}

async function getResource<Kind extends ResourceKind>(type: ResourceType<Kind>, call: CdnCall): Promise<CdnResult> {
  const resource = await requireResource(type, call);
  return answer(type.name, describeResource(type, resource), resource.etag);
}

async function getResourceConfig<Kind extends ResourceKind>(
  type: ResourceType<Kind>,
  call: CdnCall,
): Promise<CdnResult> {
  const resource = await requireResource(type, call);
  return answer(`${type.name}Config`, type.shape.write(readRecord(type, resource)), resource.etag);
}

async function updateResource<Kind extends ResourceKind>(type: ResourceType<Kind>, call: CdnCall): Promise<CdnResult> {
  const id = parameter(call, "Id");
  if (type.managed?.[id]) throw cloudFrontError("IllegalUpdate", "Managed policies cannot be changed.");
  const config = readDocument(call, `${type.name}Config`, type.shape);
  await type.check(config);
  const etag = readIfMatch(call);
  if (type.checkChange) type.checkChange(readRecord(type, await requireResource(type, call)), config);
  const outcome = await call.registry.changeResource(type.kind, call.account.id, id, etag, {
    name: type.nameOf(config),
    record: JSON.stringify(config),
    references: type.references?.(config) ?? [],
  });
  const changed = requireDone(type, outcome);
  return answer(type.name, describeResource(type, changed), changed.etag);
}

async function deleteResource<Kind extends ResourceKind>(type: ResourceType<Kind>, call: CdnCall): Promise<CdnResult> {
  const id = parameter(call, "Id");
  if (type.managed?.[id]) throw cloudFrontError("IllegalDelete");
  requireDone(type, await call.registry.deleteResource(type.kind, call.account.id, id, readIfMatch(call)));
  return NOTHING;
}

/** `Type` chooses between AWS's own policies and the account's; without it there are both, AWS's first. */
async function listResources<Kind extends ResourceKind>(type: ResourceType<Kind>, call: CdnCall): Promise<CdnResult> {
  const page = readPage(call.query);
  const found = await findPage(type, call, page.marker, page.limit);
  const next = nextMarker(found, ({ id }) => id);
  const items = found.items.map((resource) => type.summarise(resource, readRecord(type, resource)));
  return { status: 200, xml: renderList(`${type.name}List`, type.list, { ...page, next }, items) };
}

async function findPage<Kind extends ResourceKind>(
  type: ResourceType<Kind>,
  call: CdnCall,
  marker: string,
  limit: number,
): Promise<Page<StoredResource>> {
  const managed = type.managed ? listManaged(type) : [];
  const wanted = type.managed ? call.query.get("Type") : "custom";
  if (wanted !== undefined && wanted !== "managed" && wanted !== "custom") {
    throw invalidArgument("The parameter Type must be managed or custom.");
  }
  // A marker that is no managed policy's is one of the account's: the managed ones are over.
  const at = managed.findIndex(({ id }) => id === marker);
  const first = wanted === "custom" || (marker !== "" && at < 0) ? [] : managed.slice(at + 1, at + 1 + limit);
  const moreManaged = at + 1 + first.length < managed.length && first.length > 0;
  if (wanted === "managed") return { items: first, truncated: moreManaged };
  if (first.length === limit) return { items: first, truncated: true };
  const after = at >= 0 || first.length > 0 ? undefined : marker;
  const own = await call.registry.listResources(type.kind, call.account.id, after, limit - first.length);
  return { items: [...first, ...own.items], truncated: own.truncated };
}

function listManaged<Kind extends ResourceKind>(type: ResourceType<Kind>): StoredResource[] {
  return Object.keys(type.managed ?? {}).map((id) => describeManaged(type, id)!);
}

function describeManaged<Kind extends ResourceKind>(type: ResourceType<Kind>, id: string): StoredResource | undefined {
  const config = type.managed?.[id];
  if (!config) return undefined;
  return {
    kind: type.kind,
    id,
    accountId: "",
    name: type.nameOf(config),
    // Nothing can be done with it, but clients expect one.
    etag: `E${id.replaceAll("-", "").slice(0, 13).toUpperCase()}`,
    createdAt: MANAGED_SINCE,
    modifiedAt: MANAGED_SINCE,
    record: JSON.stringify(config),
  };
}

async function requireResource<Kind extends ResourceKind>(
  type: ResourceType<Kind>,
  call: CdnCall,
): Promise<StoredResource> {
  const id = parameter(call, "Id");
  const found = describeManaged(type, id) ?? (await call.registry.findResource(type.kind, call.account.id, id));
  if (!found) throw cloudFrontError(type.errors.notFound);
  return found;
}

function describeResource<Kind extends ResourceKind>(type: ResourceType<Kind>, resource: StoredResource): XmlContent {
  return [
    element("Id", resource.id),
    type.describe(resource),
    element(`${type.name}Config`, type.shape.write(readRecord(type, resource))),
  ];
}

/** One of a list that shows it whole: policies and key groups. */
export function summariseWhole<Kind extends ResourceKind>(
  type: Pick<ResourceType<Kind>, "name" | "shape" | "describe">,
  resource: StoredResource,
  config: ResourceRecords[Kind],
): XmlContent {
  return element(type.name, [
    element("Id", resource.id),
    type.describe(resource),
    element(`${type.name}Config`, type.shape.write(config)),
  ]);
}

/** What the registry keeps for a kind is what this file gave it. */
function readRecord<Kind extends ResourceKind>(
  _type: ResourceType<Kind>,
  resource: StoredResource,
): ResourceRecords[Kind] {
  return JSON.parse(resource.record) as ResourceRecords[Kind];
}

/** Where names are caller references, the same request again is answered as the first was. */
function isRepeated<Kind extends ResourceKind>(
  type: ResourceType<Kind>,
  outcome: ResourceOutcome,
  config: ResourceRecords[Kind],
): outcome is Extract<ResourceOutcome, { outcome: "already-exists" }> {
  if (type.kind !== "origin-access-identity" || outcome.outcome !== "already-exists") return false;
  return outcome.resource.record === JSON.stringify(config);
}

function requireDone<Kind extends ResourceKind>(type: ResourceType<Kind>, outcome: ResourceOutcome): StoredResource {
  switch (outcome.outcome) {
    case "ok":
      return outcome.resource;
    case "already-exists":
      throw cloudFrontError(type.errors.alreadyExists);
    case "missing-reference":
      throw invalidArgument(`The ${outcome.reference.kind} ${outcome.reference.id} does not exist.`);
    case "too-many":
      throw cloudFrontError(type.errors.tooMany);
    case "not-found":
      throw cloudFrontError(type.errors.notFound);
    case "precondition-failed":
      throw cloudFrontError("PreconditionFailed");
    case "in-use":
      throw cloudFrontError(type.errors.inUse);
  }
}
