import type { FunctionVersion } from "../metadata/function/protocol.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";
import { codeRefused, loadZip, readArchitecture, readCodeSource, storeCode } from "./code.ts";
import { completeSettings, describeVersion, readSettings, renderConfiguration } from "./configuration.ts";
import { readEnvironment, sealEnvironment } from "./environment.ts";
import { functionNotFound, invalidParameter, lambdaError } from "./errors.ts";
import { Input } from "./input.ts";
import { checkTotalSize, chooseLayers, layerGone, readLayers } from "./layers/choice.ts";
import { formatFunctionArn, LATEST, MAX_NAME, parseFunctionName } from "./names.ts";
import { readPage, renderPage } from "./paging.ts";
import { checkQueue } from "./queues.ts";
import { TASK_ROOT } from "./runtime/limits.ts";
import { readTags } from "./tags.ts";

/** CreateFunction. The package is stored before the function is: a failure between the two leaves nothing behind for long. */
export async function createFunction(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const target = readNewName(call, input);
  const packageType = input.text("PackageType", { values: ["Zip", "Image"] });
  if (packageType === "Image") {
    throw invalidParameter("PackageType Image is not supported by this deployment: send a zip of a Node.js function.");
  }
  if (input.text("CodeSigningConfigArn")) {
    throw invalidParameter("Code signing is not supported by this deployment.");
  }
  input.requireText("Role");
  const given = readSettings(input, target.name);
  const environment = readEnvironment(input) ?? {};
  const source = readCodeSource(input.requireStructure("Code"));
  const layerArns = readLayers(input) ?? [];
  const architecture = readArchitecture(input) ?? "x86_64";
  const publish = input.boolean("Publish") ?? false;
  const tags = readTags(input) ?? {};
  input.finish();
  const settings = completeSettings(given, target.name);
  const named = { ...call, target };
  await call.ports.checkRole(target.accountId, settings.role, formatFunctionArn(call.region, target));
  if (settings.deadLetterQueue) await checkQueue(named, settings.deadLetterQueue);
  const registry = call.ports.registry(target.accountId);
  // Cheap, and spares an upload that would be refused; the commit decides.
  if (await registry.findFunction(target.name, LATEST)) throw functionExists(target.name);
  const layers = await chooseLayers(named, layerArns);
  const sealedEnvironment = await sealEnvironment(named, undefined, environment);
  const code = await storeCode(call, target.accountId, await loadZip(call, source), TASK_ROOT);
  const held = layers.map(({ layer }) => layer);
  checkTotalSize(code, held);
  const created = await registry.createFunction({
    name: target.name,
    architecture,
    settings: {
      ...settings,
      ...(sealedEnvironment !== undefined && { sealedEnvironment }),
      ...(held.length > 0 && { layers: held }),
    },
    code,
    tags,
    publish,
    layers,
  });
  call.directory.forgetAll();
  if (created.outcome === "exists") throw functionExists(target.name);
  if (created.outcome === "layer-gone") throw layerGone();
  if (created.outcome !== "ok") throw codeRefused(created.outcome);
  return renderConfiguration(named, created.version, 201);
}

function readNewName(call: LambdaCall, input: Input) {
  const text = input.requireText("FunctionName");
  const context = { callerAccountId: call.account.id, region: call.region };
  const target = parseFunctionName(text, undefined, context, input.violations);
  if (target.qualifier !== undefined) throw invalidParameter("A new function's name must not have a qualifier.");
  if (target.accountId !== call.account.id) {
    throw lambdaError("AccessDeniedException", "Functions are created in the account of the caller.");
  }
  if (target.name.length > MAX_NAME || target.name.includes(".")) {
    input.violate(
      "FunctionName",
      `'${text}'`,
      `be a name of at most ${MAX_NAME} letters, digits, hyphens and underscores`,
    );
  }
  return target;
}

function functionExists(name: string) {
  return lambdaError("ResourceConflictException", `Function already exist: ${name}`);
}

/** GetFunction: the configuration, where the package can be fetched, tags, reserved concurrency. */
export async function getFunction(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier } = call.target;
  const found = await call.ports.registry(accountId).findFunction(name, qualifier ?? LATEST);
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
  const { tags, reservedConcurrency } = found.function;
  return {
    status: 200,
    json: {
      Configuration: await describeVersion(call, found.version, qualifier),
      Code: { RepositoryType: "S3", Location: await call.ports.presignCode(found.version.code.codeId) },
      ...(Object.keys(tags).length > 0 && { Tags: tags }),
      ...(reservedConcurrency !== undefined && {
        Concurrency: { ReservedConcurrentExecutions: reservedConcurrency },
      }),
    },
  };
}

/** ListFunctions: `$LATEST` of each by name, with `FunctionVersion=ALL` the published ones too. */
export async function listFunctions(call: LambdaCall): Promise<LambdaResult> {
  const versions = call.query.get("FunctionVersion");
  if (versions !== undefined && versions !== "ALL") {
    throw invalidParameter(`FunctionVersion must be ALL, not ${versions}.`);
  }
  const { after, limit } = readPage(call.query);
  const page = await call.ports.registry(call.account.id).listFunctions(after, limit, versions === "ALL");
  // Lambda lists `$LATEST` of ALL with its qualifier.
  return renderVersions(call, "Functions", page, versions === "ALL");
}

/** A page of FunctionConfigurations. */
export async function renderVersions(
  call: LambdaCall,
  member: string,
  page: { readonly items: readonly FunctionVersion[]; readonly next?: string },
  qualified: boolean,
): Promise<LambdaResult> {
  const described = await Promise.all(
    page.items.map((version) => describeVersion(call, version, qualified ? version.version : undefined)),
  );
  return { status: 200, json: renderPage(member, { ...page, items: described }, (item) => item) };
}

/** DeleteFunction: the function with all its versions, or one published version. */
export async function deleteFunction(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier } = call.target;
  const arn = formatFunctionArn(call.region, call.target);
  if (qualifier === LATEST) {
    throw invalidParameter("$LATEST version cannot be deleted without deleting the function.");
  }
  if (qualifier !== undefined && !/^\d+$/.test(qualifier)) {
    throw invalidParameter("Deletion of aliases is not currently supported. Please use the DeleteAlias API.");
  }
  const registry = call.ports.registry(accountId);
  const deleted = await (qualifier === undefined
    ? registry.deleteFunction(name)
    : registry.deleteVersion(name, qualifier));
  call.directory.forgetAll();
  if (qualifier === undefined && deleted.outcome === "ok")
    await call.ports.dropEvents({ accountId, functionName: name });
  if (deleted.outcome === "not-found") {
    // A version that is not there counts as deleted, as long as the function is.
    if (qualifier !== undefined && (await registry.findFunction(name, LATEST))) return { status: 204 };
    throw functionNotFound(arn);
  }
  if (deleted.outcome === "in-use") {
    throw lambdaError(
      "ResourceConflictException",
      `Version ${qualifier} cannot be deleted because it is used by the aliases [${deleted.aliases.join(", ")}]`,
    );
  }
  return { status: 204 };
}
