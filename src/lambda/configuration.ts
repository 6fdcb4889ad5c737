import type { FunctionLogging, FunctionSettings, FunctionVersion } from "../metadata/function/protocol.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";
import { openEnvironment, readEnvironment, sealEnvironment } from "./environment.ts";
import { functionNotFound, invalidParameter, revisionMismatch } from "./errors.ts";
import { Input } from "./input.ts";
import { checkTotalSize, chooseLayers, layerGone, readLayers } from "./layers/choice.ts";
import { formatFunctionArn, LATEST } from "./names.ts";
import { checkQueue } from "./queues.ts";

const RUNTIMES = ["nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x"];
const MAX_TIMEOUT_SECONDS = 900;
const MEMORY_MB = { min: 128, max: 10_240 };
const STORAGE_MB = { min: 512, max: 10_240 };
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const SYSTEM_LEVELS = ["DEBUG", "INFO", "WARN"];
const ROLE = /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/;
/** An empty text takes the queue away. */
const TARGET_ARN = /^(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)?$/;
const HANDLER = /^[^\s]+$/;

/** GetFunctionConfiguration. */
export async function getFunctionConfiguration(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier } = call.target;
  const found = await call.ports.registry(accountId).findFunction(name, qualifier ?? LATEST);
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return renderConfiguration(call, found.version, 200, qualifier);
}

/** UpdateFunctionConfiguration: what the body has changes, the rest stays. */
export async function updateFunctionConfiguration(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const arn = formatFunctionArn(call.region, call.target);
  const input = Input.parse(call.body);
  const settings = readSettings(input, name);
  const environment = readEnvironment(input);
  const layerArns = readLayers(input);
  const revisionId = input.text("RevisionId");
  input.finish();
  if (settings.role !== undefined) await call.ports.checkRole(accountId, settings.role, arn);
  if (settings.deadLetterQueue) await checkQueue(call, settings.deadLetterQueue);
  const registry = call.ports.registry(accountId);
  const found = await registry.findFunction(name, LATEST);
  if (!found) throw functionNotFound(arn);
  const sealedEnvironment = environment && (await sealEnvironment(call, found.version, environment));
  const layers = layerArns && (await chooseLayers(call, layerArns));
  if (layers) {
    const held = layers.map(({ layer }) => layer);
    checkTotalSize(found.version.code, held);
  }
  const changed = await registry.changeSettings(name, {
    settings: { ...settings, ...(sealedEnvironment !== undefined && { sealedEnvironment }) },
    ...(layers && { layers }),
    removesEnvironment: environment !== undefined && sealedEnvironment === undefined,
    ...(revisionId !== undefined && { revisionId }),
  });
  call.directory.forgetAll();
  if (changed.outcome === "not-found") throw functionNotFound(arn);
  if (changed.outcome === "stale-revision") throw revisionMismatch();
  if (changed.outcome === "layer-gone") throw layerGone();
  return renderConfiguration(call, changed.version, 200);
}

/** The settings that a new function has where the body does not say. */
export function completeSettings(given: Partial<FunctionSettings>, name: string): FunctionSettings {
  const { runtime, handler, role = "" } = given;
  if (runtime === undefined || handler === undefined) {
    throw invalidParameter(
      "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    );
  }
  return {
    description: "",
    timeoutSeconds: 3,
    memoryMb: MEMORY_MB.min,
    ephemeralStorageMb: STORAGE_MB.min,
    tracingMode: "PassThrough",
    logging: { format: "Text", group: `/aws/lambda/${name}` },
    ...given,
    runtime,
    handler,
    role,
  };
}

/** The settings in a body, without the environment. What cannot be served is refused by name. */
export function readSettings(input: Input, name: string): Partial<FunctionSettings> {
  refuseUnsupported(input);
  const runtime = input.text("Runtime");
  if (runtime !== undefined && !RUNTIMES.includes(runtime)) {
    throw invalidParameter(
      `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${RUNTIMES.join(", ")}] or be a valid ARN`,
    );
  }
  const logging = readLogging(input, name);
  return withoutAbsent({
    runtime,
    handler: input.text("Handler", { max: 128, pattern: HANDLER }),
    role: input.text("Role", { pattern: ROLE }),
    description: input.text("Description", { max: 256 }),
    timeoutSeconds: input.integer("Timeout", { min: 1, max: MAX_TIMEOUT_SECONDS }),
    memoryMb: input.integer("MemorySize", MEMORY_MB),
    ephemeralStorageMb: input.structure("EphemeralStorage")?.integer("Size", STORAGE_MB),
    tracingMode: input.structure("TracingConfig")?.text("Mode", { values: ["Active", "PassThrough"] }) as
      | FunctionSettings["tracingMode"]
      | undefined,
    logging,
    deadLetterQueue: input.structure("DeadLetterConfig")?.text("TargetArn", { pattern: TARGET_ARN }),
  });
}

function readLogging(input: Input, name: string): FunctionLogging | undefined {
  const given = input.structure("LoggingConfig");
  if (!given) return undefined;
  const format = given.text("LogFormat", { values: ["JSON", "Text"] }) ?? "Text";
  const application = given.text("ApplicationLogLevel", { values: LEVELS });
  const system = given.text("SystemLogLevel", { values: SYSTEM_LEVELS });
  if (format === "Text" && (application !== undefined || system !== undefined)) {
    throw invalidParameter("To use log level filtering, set LogFormat to JSON.");
  }
  return {
    format: format as FunctionLogging["format"],
    group: given.text("LogGroup", { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ }) ?? `/aws/lambda/${name}`,
    ...(format === "JSON" && { applicationLevel: application ?? "INFO", systemLevel: system ?? "INFO" }),
  };
}

/** Members of AWS's API that this deployment cannot honour. Their empty forms, which tools send, are fine. */
function refuseUnsupported(input: Input): void {
  const vpc = input.structure("VpcConfig");
  if (vpc && [vpc.textList("SubnetIds"), vpc.textList("SecurityGroupIds")].some((list) => list && list.length > 0)) {
    throw invalidParameter("VpcConfig is not supported by this deployment.");
  }
  if (
    input.structure("SnapStart")?.text("ApplyOn", { values: ["PublishedVersions", "None"] }) === "PublishedVersions"
  ) {
    throw invalidParameter("SnapStart is not supported for the runtimes of this deployment.");
  }
  if (input.text("KMSKeyArn")) throw invalidParameter("KMSKeyArn is not supported by this deployment yet.");
  for (const member of ["ImageConfig", "CapacityProviderConfig", "DurableConfig", "TenancyConfig"]) {
    if (input.has(member)) throw invalidParameter(`${member} is not supported by this deployment.`);
  }
  if (input.isFilledList("FileSystemConfigs")) {
    throw invalidParameter("FileSystemConfigs is not supported by this deployment.");
  }
}

/** FunctionConfiguration of the API. */
export async function renderConfiguration(
  call: LambdaCall,
  version: FunctionVersion,
  status: 200 | 201,
  qualifier?: string,
): Promise<LambdaResult> {
  return { status, json: await describeVersion(call, version, qualifier) };
}

/**
 * FunctionConfiguration. The ARN has the qualifier that the caller gave (an alias stays one), else the number
 * of a published version.
 */
export async function describeVersion(
  call: LambdaCall,
  version: FunctionVersion,
  qualifier?: string,
): Promise<Record<string, unknown>> {
  const environment = await openEnvironment(call, version);
  return { ...describeWithoutEnvironment(call, version, qualifier), ...environment };
}

function describeWithoutEnvironment(call: LambdaCall, version: FunctionVersion, qualifier: string | undefined) {
  const { settings, code } = version;
  const { accountId } = call.target;
  const shown = qualifier ?? (version.version === LATEST ? undefined : version.version);
  return {
    FunctionName: version.name,
    FunctionArn: formatFunctionArn(call.region, { accountId, name: version.name, qualifier: shown }),
    Runtime: settings.runtime,
    Role: settings.role,
    Handler: settings.handler,
    CodeSize: code.size,
    Description: settings.description,
    Timeout: settings.timeoutSeconds,
    MemorySize: settings.memoryMb,
    LastModified: formatTime(version.modifiedAt),
    CodeSha256: code.sha256,
    Version: version.version,
    TracingConfig: { Mode: settings.tracingMode },
    RevisionId: version.revisionId,
    // A change is whole when it is answered: there is nothing to wait for.
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    ...(settings.deadLetterQueue && { DeadLetterConfig: { TargetArn: settings.deadLetterQueue } }),
    ...(settings.layers && {
      Layers: settings.layers.map(({ arn, code: { size } }) => ({ Arn: arn, CodeSize: size })),
    }),
    Architectures: [version.architecture],
    EphemeralStorage: { Size: settings.ephemeralStorageMb },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: {
      LogFormat: settings.logging.format,
      LogGroup: settings.logging.group,
      ...(settings.logging.applicationLevel && { ApplicationLogLevel: settings.logging.applicationLevel }),
      ...(settings.logging.systemLevel && { SystemLogLevel: settings.logging.systemLevel }),
    },
  };
}

/** `2026-11-22T11:30:00.000+0000`, as Lambda writes times. */
function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "+0000");
}

function withoutAbsent<Shape extends object>(shape: {
  [Name in keyof Shape]: Shape[Name] | undefined;
}): Partial<Shape> {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Partial<Shape>;
}
