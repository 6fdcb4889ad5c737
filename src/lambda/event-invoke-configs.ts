import type {
  EventConfig,
  EventConfigChange,
  EventConfigOutcome,
} from "../metadata/function/event-configs-protocol.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";
import { functionMissing, invalidParameter, lambdaError } from "./errors.ts";
import { parseDestination } from "./events/destination.ts";
import { checkQueue } from "./queues.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";
import { readPage, renderPage } from "./paging.ts";

const DESTINATION_ARN =
  /^$|^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)$/;

/** PutFunctionEventInvokeConfig: what is left out is removed. */
export function putFunctionEventInvokeConfig(call: LambdaCall): Promise<LambdaResult> {
  return changeConfig(call, true);
}

/** UpdateFunctionEventInvokeConfig: what is left out stays. */
export function updateFunctionEventInvokeConfig(call: LambdaCall): Promise<LambdaResult> {
  return changeConfig(call, false);
}

/** GetFunctionEventInvokeConfig. */
export async function getFunctionEventInvokeConfig(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier = LATEST } = call.target;
  const config = await call.ports.registry(accountId).findEventConfig(name, qualifier);
  if (!config) throw configMissing(call);
  return { status: 200, json: renderConfig(call, config) };
}

/** ListFunctionEventInvokeConfigs: those of the function, its versions and its aliases. */
export async function listFunctionEventInvokeConfigs(call: LambdaCall): Promise<LambdaResult> {
  const { after, limit } = readPage(call.query);
  const { accountId, name } = call.target;
  const page = await call.ports.registry(accountId).listEventConfigs(name, after, limit);
  if (!page) throw functionMissing();
  return {
    status: 200,
    json: renderPage("FunctionEventInvokeConfigs", page, (config) => renderConfig(call, config)),
  };
}

/** DeleteFunctionEventInvokeConfig. */
export async function deleteFunctionEventInvokeConfig(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier = LATEST } = call.target;
  const deleted = await call.ports.registry(accountId).deleteEventConfig(name, qualifier);
  call.directory.forgetAll();
  if (!deleted) throw configMissing(call);
  return { status: 204 };
}

async function changeConfig(call: LambdaCall, replace: boolean): Promise<LambdaResult> {
  const change = readChange(call.body);
  if (Object.keys(change).length === 0) {
    throw invalidParameter("You must specify at least one of error handling or destination setting.");
  }
  await checkDestinations(call, change);
  const { accountId, name, qualifier = LATEST } = call.target;
  const changed = await call.ports.registry(accountId).putEventConfig(name, qualifier, change, replace);
  call.directory.forgetAll();
  return { status: 200, json: renderConfig(call, requireConfig(call, changed)) };
}

function readChange(body: Uint8Array): EventConfigChange {
  const input = Input.parse(body);
  const maximumRetryAttempts = input.integer("MaximumRetryAttempts", { min: 0, max: 2 });
  const maximumEventAgeSeconds = input.integer("MaximumEventAgeInSeconds", { min: 60, max: 21_600 });
  const destinations = input.structure("DestinationConfig");
  const onSuccess = destinations && readDestination(destinations, "OnSuccess");
  const onFailure = destinations && readDestination(destinations, "OnFailure");
  input.finish();
  return {
    ...(maximumRetryAttempts !== undefined && { maximumRetryAttempts }),
    ...(maximumEventAgeSeconds !== undefined && { maximumEventAgeSeconds }),
    ...(onSuccess !== undefined && { onSuccess }),
    ...(onFailure !== undefined && { onFailure }),
  };
}

/** Of a DestinationConfig that is there both are set: one that is left out is none. */
function readDestination(destinations: Input, name: "OnSuccess" | "OnFailure"): string {
  return destinations.structure(name)?.text("Destination", { max: 350, pattern: DESTINATION_ARN }) ?? "";
}

async function checkDestinations(call: LambdaCall, { onSuccess, onFailure }: EventConfigChange): Promise<void> {
  if (onSuccess) await checkDestination(call, onSuccess, "OnSuccess");
  if (onFailure) await checkDestination(call, onFailure, "OnFailure");
}

async function checkDestination(call: LambdaCall, arn: string, when: "OnSuccess" | "OnFailure"): Promise<void> {
  const destination = parseDestination(arn);
  if (!destination) throw invalidParameter(`The destination ARN ${arn} is invalid.`);
  if (destination.kind === "other") {
    throw invalidParameter(
      `Destinations of the service ${destination.service} are not supported by this deployment: name a function, a queue, or for OnFailure a bucket.`,
    );
  }
  if (destination.kind === "bucket") {
    if (when === "OnSuccess") {
      throw invalidParameter("Amazon S3 buckets are supported as destinations of failed invocations only.");
    }
    return call.ports.checkBucket(destination.bucket);
  }
  if (destination.kind === "queue") return checkQueue(call, arn);
  const { accountId, name, qualifier = LATEST, region } = destination;
  const { target } = call;
  if (accountId !== target.accountId || region !== call.region) {
    throw invalidParameter(`The destination ARN ${arn} is invalid: it is not a function of this account and region.`);
  }
  if (name === target.name) throw invalidParameter("You can't specify the function as a destination for itself.");
  if (!(await call.ports.registry(accountId).findFunction(name, qualifier))) {
    throw invalidParameter(`The destination ARN ${arn} is invalid.`);
  }
}

function requireConfig(call: LambdaCall, changed: EventConfigOutcome): EventConfig {
  if (changed.outcome === "ok") return changed.config;
  throw changed.outcome === "not-found" ? functionMissing() : configMissing(call);
}

function configMissing({ region, target }: LambdaCall) {
  const arn = formatFunctionArn(region, { ...target, qualifier: target.qualifier ?? LATEST });
  return lambdaError("ResourceNotFoundException", `The function ${arn} doesn't have an EventInvokeConfig`);
}

function renderConfig({ region, target }: LambdaCall, config: EventConfig): object {
  const { qualifier, modifiedAt, maximumRetryAttempts, maximumEventAgeSeconds, onSuccess, onFailure } = config;
  return {
    LastModified: modifiedAt / 1_000,
    FunctionArn: formatFunctionArn(region, { ...target, qualifier }),
    ...(maximumRetryAttempts !== undefined && { MaximumRetryAttempts: maximumRetryAttempts }),
    ...(maximumEventAgeSeconds !== undefined && { MaximumEventAgeInSeconds: maximumEventAgeSeconds }),
    DestinationConfig: {
      OnSuccess: onSuccess ? { Destination: onSuccess } : {},
      OnFailure: onFailure ? { Destination: onFailure } : {},
    },
  };
}
