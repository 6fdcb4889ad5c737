import type { EventSourceMapping } from "../../metadata/function/mappings-protocol.ts";
import { parseQueueArn, readSettings } from "../../metadata/queue/settings.ts";
import { type LambdaCall, type LambdaResult, parameter } from "../call.ts";
import { Violations } from "../constraints.ts";
import { functionNotFound, invalidParameter, lambdaError } from "../errors.ts";
import { Input } from "../input.ts";
import { type FunctionName, formatFunctionArn, formatMappingArn, LATEST, parseFunctionName } from "../names.ts";
import { readFilters } from "./filter.ts";
import { readPage, renderPage } from "../paging.ts";
import { readTags } from "../tags.ts";

/** "For standard queues, the maximum is 10,000. For FIFO queues, the maximum is 10." */
const MAX_BATCH = 10_000;
const MAX_SMALL_BATCH = 10;
/** Members for streams, brokers and databases, of which this deployment has none. */
const FOREIGN_MEMBERS = [
  "AmazonManagedKafkaEventSourceConfig",
  "DocumentDBEventSourceConfig",
  "KMSKeyArn",
  "ProvisionedPollerConfig",
  "SelfManagedEventSource",
  "SelfManagedKafkaEventSourceConfig",
  "StartingPosition",
  "StartingPositionTimestamp",
];

/** What the role of a function needs that consumes a queue (Lambda Developer Guide, "Execution role permissions"). */
const CONSUMER_OPERATIONS = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] as const;

type Settings = Pick<
  EventSourceMapping,
  "batchSize" | "windowSeconds" | "enabled" | "reportsFailures" | "maximumConcurrency" | "filters"
>;

/** CreateEventSourceMapping: the function consumes a queue from now on. */
export async function createEventSourceMapping(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const sourceArn = input.text("EventSourceArn") ?? "";
  const target = await readFunction(call, input.requireText("FunctionName"));
  const tags = readTags(input);
  const settings = readSettingsOf(input, { batchSize: 10, windowSeconds: 0, enabled: true, reportsFailures: false });
  await checkQueue(call, sourceArn, target, settings);
  const mapping: EventSourceMapping = {
    ...settings,
    uuid: crypto.randomUUID(),
    functionName: target.name,
    ...(target.qualifier !== undefined && { qualifier: target.qualifier }),
    sourceArn,
    modifiedAt: Date.now(),
    ...(tags && { tags }),
  };
  const registry = call.ports.registry(call.account.id);
  const isNew = await connectAround(call, mapping, async () => (await registry.createMapping(mapping)) === "ok");
  if (!isNew) {
    throw lambdaError(
      "ResourceConflictException",
      `An event source mapping with event source arn ("${sourceArn}") and function ("${target.name}") already exists. Please update or delete the existing mapping.`,
    );
  }
  return { status: 202, json: render(call, mapping, mapping.enabled ? "Creating" : "Disabled") };
}

/** GetEventSourceMapping. */
export async function getEventSourceMapping(call: LambdaCall): Promise<LambdaResult> {
  return { status: 200, json: render(call, await find(call)) };
}

/** ListEventSourceMappings: of a function, a queue, both or neither. */
export async function listEventSourceMappings(call: LambdaCall): Promise<LambdaResult> {
  const { after, limit } = readPage(call.query);
  const functionName = call.query.get("FunctionName");
  const sourceArn = call.query.get("EventSourceArn");
  const page = await call.ports.registry(call.account.id).listMappings({
    after,
    limit,
    ...(functionName !== undefined && { functionName: parseName(call, functionName).name }),
    ...(sourceArn !== undefined && { sourceArn }),
  });
  return { status: 200, json: renderPage("EventSourceMappings", page, (mapping) => render(call, mapping)) };
}

/** UpdateEventSourceMapping: what is not given stays. */
export async function updateEventSourceMapping(call: LambdaCall): Promise<LambdaResult> {
  const before = await find(call);
  const input = Input.parse(call.body);
  const named = input.text("FunctionName");
  const target = named === undefined ? targetOf(call, before) : await readFunction(call, named);
  const settings = readSettingsOf(input, before);
  await checkQueue(call, before.sourceArn, target, settings);
  const { uuid, sourceArn } = before;
  const mapping: EventSourceMapping = {
    ...settings,
    uuid,
    functionName: target.name,
    ...(target.qualifier !== undefined && { qualifier: target.qualifier }),
    sourceArn,
    modifiedAt: Date.now(),
  };
  const registry = call.ports.registry(call.account.id);
  if (!(await connectAround(call, mapping, () => registry.replaceMapping(mapping)))) throw notFound();
  return { status: 202, json: render(call, mapping, "Updating") };
}

/** DeleteEventSourceMapping: batches that are running end. */
export async function deleteEventSourceMapping(call: LambdaCall): Promise<LambdaResult> {
  const mapping = await call.ports.registry(call.account.id).deleteMapping(readUuid(call));
  if (!mapping) throw notFound();
  const queue = parseQueueArn(mapping.sourceArn);
  if (queue) await call.ports.queue(queue).removeConsumer(mapping.uuid);
  return { status: 202, json: render(call, mapping, "Deleting") };
}

/**
 * Changes a mapping, and tells the queue whom to wake. A consumer that is told before its mapping is there takes
 * itself off the queue when a crash comes between; the other way round the mapping would consume nothing.
 */
async function connectAround(
  call: LambdaCall,
  { uuid, sourceArn, enabled }: EventSourceMapping,
  change: () => Promise<boolean>,
): Promise<boolean> {
  const address = parseQueueArn(sourceArn);
  const queue = address && call.ports.queue(address);
  const consumer = { id: uuid, accountId: call.account.id };
  if (enabled) await queue?.addConsumer(consumer);
  const isChanged = await change();
  // Again: it may have been woken at once, and found no mapping.
  if (enabled && isChanged) await queue?.addConsumer(consumer);
  else await queue?.removeConsumer(uuid);
  return isChanged;
}

function readSettingsOf(input: Input, before: Settings): Settings {
  const foreign = FOREIGN_MEMBERS.find((member) => input.has(member));
  if (foreign !== undefined)
    throw invalidParameter(`${foreign} does not apply to SQS queues, the only event sources here.`);
  if (input.structure("DestinationConfig")?.has("OnFailure")) {
    throw invalidParameter("Unsupported DestinationConfig parameter for given event source mapping type.");
  }
  const types = input.textList("FunctionResponseTypes", { items: { values: ["ReportBatchItemFailures"] } });
  const scaling = input.structure("ScalingConfig");
  const concurrency = scaling?.integer("MaximumConcurrency", { min: 2, max: 1_000 });
  const settings = {
    batchSize: input.integer("BatchSize", { min: 1, max: MAX_BATCH }) ?? before.batchSize,
    windowSeconds: input.integer("MaximumBatchingWindowInSeconds", { min: 0, max: 300 }) ?? before.windowSeconds,
    enabled: input.boolean("Enabled") ?? before.enabled,
    reportsFailures: types === undefined ? before.reportsFailures : types.length > 0,
  };
  // An empty ScalingConfig takes the limit away.
  const maximumConcurrency = scaling === undefined ? before.maximumConcurrency : concurrency;
  // Empty criteria take the filters away.
  const filters = readFilters(input) ?? before.filters ?? [];
  input.finish();
  if (settings.batchSize > MAX_SMALL_BATCH && settings.windowSeconds === 0) {
    throw invalidParameter(
      "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    );
  }
  return {
    ...settings,
    ...(maximumConcurrency !== undefined && { maximumConcurrency }),
    ...(filters.length > 0 && { filters }),
  };
}

/** A function reads a queue by its role: who may not read it makes no function read it either. */
async function checkConsumer({ ports }: LambdaCall, accountId: string, role: string, queueArn: string): Promise<void> {
  for (const operation of CONSUMER_OPERATIONS) {
    if (await ports.isAllowedToRole(accountId, role, `sqs:${operation}`, queueArn)) continue;
    throw invalidParameter(`The function execution role does not have permissions to call ${operation} on SQS`);
  }
}

async function checkQueue(
  call: LambdaCall,
  arn: string,
  target: FunctionName,
  { batchSize, windowSeconds }: Settings,
): Promise<void> {
  const address = parseQueueArn(arn);
  if (!address || address.accountId !== call.account.id || address.region !== call.region) {
    throw invalidParameter(`Unrecognized event source, must be a queue of this account: ${arn}`);
  }
  if (address.name.endsWith(".fifo") && (batchSize > MAX_SMALL_BATCH || windowSeconds > 0)) {
    throw invalidParameter("Batching window and batches of more than 10 are not supported for FIFO queues.");
  }
  const [queue, found] = await Promise.all([
    call.ports.queue(address).find(),
    call.ports.registry(target.accountId).findFunction(target.name, target.qualifier ?? LATEST),
  ]);
  if (!queue) {
    throw invalidParameter(
      `Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.`,
    );
  }
  if (!found) throw functionNotFound(formatFunctionArn(call.region, target));
  await checkConsumer(call, target.accountId, found.version.settings.role, arn);
  const { visibilitySeconds } = readSettings(queue.attributes);
  const { timeoutSeconds } = found.version.settings;
  if (visibilitySeconds < timeoutSeconds) {
    throw invalidParameter(
      `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
}

async function readFunction(call: LambdaCall, text: string): Promise<FunctionName> {
  const target = parseName(call, text);
  if (target.accountId === call.account.id) return target;
  throw invalidParameter("The function must be in the account of the event source mapping.");
}

function parseName(call: LambdaCall, text: string): FunctionName {
  const violations = new Violations();
  const named = parseFunctionName(
    text,
    undefined,
    { callerAccountId: call.account.id, region: call.region },
    violations,
  );
  violations.throwAny();
  return named;
}

function targetOf(call: LambdaCall, { functionName, qualifier }: EventSourceMapping): FunctionName {
  return { accountId: call.account.id, name: functionName, qualifier };
}

async function find(call: LambdaCall): Promise<EventSourceMapping> {
  const mapping = await call.ports.registry(call.account.id).findMapping(readUuid(call));
  if (!mapping) throw notFound();
  return mapping;
}

function readUuid(call: LambdaCall): string {
  return parameter(call, "UUID");
}

function notFound() {
  return lambdaError("ResourceNotFoundException", "The resource you requested does not exist.");
}

type State = "Creating" | "Updating" | "Deleting" | "Enabled" | "Disabled";

function render(call: LambdaCall, mapping: EventSourceMapping, state?: State): object {
  const { uuid, sourceArn, enabled, filters, maximumConcurrency } = mapping;
  return {
    UUID: uuid,
    EventSourceArn: sourceArn,
    EventSourceMappingArn: formatMappingArn(call.region, call.account.id, uuid),
    FunctionArn: formatFunctionArn(call.region, targetOf(call, mapping)),
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.windowSeconds,
    FunctionResponseTypes: mapping.reportsFailures ? ["ReportBatchItemFailures"] : [],
    ...(maximumConcurrency !== undefined && { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    ...(filters && { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
    LastModified: mapping.modifiedAt / 1_000,
    State: state ?? (enabled ? "Enabled" : "Disabled"),
    StateTransitionReason: "USER_INITIATED",
  };
}
