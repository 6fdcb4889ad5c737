import { element, type XmlElement } from "../../lib/xml.ts";
import { newCdnId } from "../../metadata/cdn/ids.ts";
import type {
  FunctionRecord,
  FunctionStage,
  ResourceOutcome,
  StoredResource,
} from "../../metadata/cdn/registry-protocol.ts";
import {
  answer,
  answerCreated,
  type CdnCall,
  type CdnResult,
  NOTHING,
  parameter,
  readDocument,
  readIfMatch,
} from "./call.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { nextMarker, readPage, renderList } from "./paging.ts";
import { checkTags } from "./tag-rules.ts";
import {
  type CreateFunction,
  createFunctionShape,
  type FunctionSource,
  functionConfigShape,
  updateFunctionShape,
} from "./xml/function-shapes.ts";

/** "Quotas on CloudFront Functions". */
const MAX_CODE_BYTES = 10_240;
const NAME = /^[a-zA-Z0-9-_]{1,64}$/;
const KIND = "function";

export type Stage = "DEVELOPMENT" | "LIVE";

/** The ARN of a function, which is also what the registry knows it by. */
function functionArn(accountId: string, name: string): string {
  return `arn:aws:cloudfront::${accountId}:function/${name}`;
}

export async function createFunction(call: CdnCall): Promise<CdnResult> {
  const input = readDocument<CreateFunction>(call, "CreateFunctionRequest", createFunctionShape);
  if (!NAME.test(input.Name)) {
    throw invalidArgument("The parameter Name must have 1 to 64 letters, digits, hyphens and underscores.");
  }
  const tags = Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value]));
  checkTags(tags);
  const now = Date.now();
  const record: FunctionRecord = { name: input.Name, tags, development: stageOf(input, now, now) };
  const created = requireDone(
    await call.registry.createResource({
      kind: KIND,
      id: functionArn(call.account.id, input.Name),
      accountId: call.account.id,
      name: input.Name,
      record: JSON.stringify(record),
      references: [],
    }),
  );
  const path = `function/${input.Name}`;
  const summary = summarise(created.id, record, "DEVELOPMENT", false);
  return answerCreated(call, path, summary.name, summary.content, created.etag);
}

export async function describeFunction(call: CdnCall): Promise<CdnResult> {
  const { resource, record } = await requireFunction(call);
  const stage = readStage(call) ?? "DEVELOPMENT";
  const summary = summarise(resource.id, record, stage, await isUsed(call, resource.id));
  return answer(summary.name, summary.content, versionOf(resource, record, stage));
}

export async function getFunction(call: CdnCall): Promise<CdnResult> {
  const { resource, record } = await requireFunction(call);
  const stage = readStage(call) ?? "DEVELOPMENT";
  const { code } = requireStage(record, stage);
  return {
    status: 200,
    headers: { etag: versionOf(resource, record, stage), "content-type": "application/octet-stream" },
    body: Uint8Array.from(atob(code), (character) => character.charCodeAt(0)),
  };
}

export async function updateFunction(call: CdnCall): Promise<CdnResult> {
  const input = readDocument<FunctionSource>(call, "UpdateFunctionRequest", updateFunctionShape);
  const { resource, record } = await requireFunction(call);
  const development = stageOf(input, record.development.createdAt, Date.now());
  const changed = await changeFunction(call, resource, { ...record, development });
  const summary = summarise(resource.id, { ...record, development }, "DEVELOPMENT", await isUsed(call, resource.id));
  // The reference of the API names the header ETtag, in this answer alone: clients look for either.
  return {
    ...answer(summary.name, summary.content, changed.etag),
    headers: { etag: changed.etag, ettag: changed.etag },
  };
}

/** Takes the development stage live, and so to every distribution that runs the function. */
export async function publishFunction(call: CdnCall): Promise<CdnResult> {
  const { resource, record } = await requireFunction(call);
  const now = Date.now();
  const createdAt = record.live?.createdAt ?? now;
  const live = { ...record.development, createdAt, modifiedAt: now, etag: newCdnId("E") };
  await changeFunction(call, resource, { ...record, live }, true);
  const summary = summarise(resource.id, { ...record, live }, "LIVE", await isUsed(call, resource.id));
  return answer(summary.name, summary.content);
}

export async function deleteFunction(call: CdnCall): Promise<CdnResult> {
  const id = functionArn(call.account.id, parameter(call, "Name"));
  requireDone(await call.registry.deleteResource(KIND, call.account.id, id, readIfMatch(call)));
  return NOTHING;
}

/** With `Stage` the functions in that stage; without it each of their stages. `MaxItems` counts functions. */
export async function listFunctions(call: CdnCall): Promise<CdnResult> {
  const page = readPage(call.query);
  const wanted = readStage(call);
  const after = page.marker === "" ? undefined : functionArn(call.account.id, page.marker);
  const found = await call.registry.listResources(KIND, call.account.id, after, page.limit);
  const uses = await Promise.all(found.items.map(({ id }) => isUsed(call, id)));
  const items: XmlElement[] = [];
  for (const [position, resource] of found.items.entries()) {
    const record = readRecord(resource);
    const used = uses[position]!;
    if (wanted !== "LIVE") items.push(summarise(resource.id, record, "DEVELOPMENT", used));
    if (wanted !== "DEVELOPMENT" && record.live) items.push(summarise(resource.id, record, "LIVE", used));
  }
  const next = nextMarker(found, ({ name }) => name);
  return { status: 200, xml: renderList("FunctionList", "short", { ...page, next }, items) };
}

/** Tags are the function's, not a stage's. */
export async function changeFunctionTags(
  call: CdnCall,
  arn: string,
  change: (tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): Promise<void> {
  const { resource, record } = await findFunction(call, arn);
  const next: FunctionRecord = { ...record, tags: change(record.tags) };
  requireDone(
    await call.registry.changeResource(KIND, call.account.id, arn, resource.etag, {
      name: record.name,
      record: JSON.stringify(next),
      references: [],
      sameVersion: true,
    }),
  );
}

export async function findFunction(
  call: CdnCall,
  arn: string,
): Promise<{ readonly resource: StoredResource; readonly record: FunctionRecord }> {
  const resource = await call.registry.findResource(KIND, call.account.id, arn);
  if (!resource) throw cloudFrontError("NoSuchFunctionExists");
  return { resource, record: readRecord(resource) };
}

export function requireFunction(call: CdnCall) {
  return findFunction(call, functionArn(call.account.id, parameter(call, "Name")));
}

export function decodeSource({ code }: FunctionStage): string {
  return new TextDecoder().decode(Uint8Array.from(atob(code), (character) => character.charCodeAt(0)));
}

async function changeFunction(
  call: CdnCall,
  { id }: StoredResource,
  record: FunctionRecord,
  sameVersion = false,
): Promise<StoredResource> {
  return requireDone(
    await call.registry.changeResource(KIND, call.account.id, id, readIfMatch(call), {
      name: record.name,
      record: JSON.stringify(record),
      references: [],
      sameVersion,
    }),
  );
}

function stageOf(
  { FunctionConfig, FunctionCode }: FunctionSource,
  createdAt: number,
  modifiedAt: number,
): FunctionStage {
  if (FunctionCode.byteLength === 0) throw invalidArgument("The parameter FunctionCode must not be empty.");
  if (FunctionCode.byteLength > MAX_CODE_BYTES) throw cloudFrontError("FunctionSizeLimitExceeded");
  const code = btoa(String.fromCharCode(...FunctionCode));
  return { comment: FunctionConfig.Comment, runtime: FunctionConfig.Runtime, code, createdAt, modifiedAt };
}

function readStage({ query }: CdnCall): Stage | undefined {
  const stage = query.get("Stage");
  if (stage === undefined || stage === "DEVELOPMENT" || stage === "LIVE") return stage;
  throw invalidArgument("The parameter Stage must be DEVELOPMENT or LIVE.");
}

export function requireStage(record: FunctionRecord, stage: Stage): FunctionStage {
  const found = stage === "LIVE" ? record.live : record.development;
  if (!found) throw cloudFrontError("NoSuchFunctionExists");
  return found;
}

export function versionOf(resource: StoredResource, record: FunctionRecord, stage: Stage): string {
  return stage === "LIVE" && record.live ? record.live.etag : resource.etag;
}

export async function isUsed(call: CdnCall, arn: string): Promise<boolean> {
  const users = await call.registry.listDistributions(call.account.id, undefined, 1, { kind: KIND, id: arn });
  return users.items.length > 0;
}

export function summarise(arn: string, record: FunctionRecord, stage: Stage, used: boolean): XmlElement {
  const { comment, runtime, createdAt, modifiedAt } = requireStage(record, stage);
  const published = record.live?.code === record.development.code;
  const status = stage === "DEVELOPMENT" && !published ? "UNPUBLISHED" : used ? "DEPLOYED" : "UNASSOCIATED";
  return element("FunctionSummary", [
    element("Name", record.name),
    element("Status", status),
    element("FunctionConfig", functionConfigShape.write({ Comment: comment, Runtime: runtime })),
    element("FunctionMetadata", [
      element("FunctionARN", arn),
      element("Stage", stage),
      element("CreatedTime", new Date(createdAt).toISOString()),
      element("LastModifiedTime", new Date(modifiedAt).toISOString()),
    ]),
  ]);
}

function readRecord({ record }: StoredResource): FunctionRecord {
  return JSON.parse(record) as FunctionRecord;
}

function requireDone(outcome: ResourceOutcome): StoredResource {
  switch (outcome.outcome) {
    case "ok":
      return outcome.resource;
    case "already-exists":
      throw cloudFrontError("FunctionAlreadyExists");
    case "too-many":
      throw cloudFrontError("TooManyFunctions");
    case "precondition-failed":
      throw cloudFrontError("PreconditionFailed");
    case "in-use":
      throw cloudFrontError("FunctionInUse");
    case "not-found":
    case "missing-reference":
      throw cloudFrontError("NoSuchFunctionExists");
  }
}
