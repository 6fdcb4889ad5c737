import type { AliasOutcome, AliasRecord } from "../metadata/function/protocol.ts";
import { type LambdaCall, type LambdaResult, parameter } from "./call.ts";
import { Violations } from "./constraints.ts";
import { functionNotFound, invalidParameter, lambdaError, revisionMismatch } from "./errors.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, isVersionNumber, LATEST } from "./names.ts";
import { readPage, renderPage } from "./paging.ts";

const ALIAS_NAME = /^(?!^[0-9]+$)([a-zA-Z0-9-_]+)$/;
const VERSION = /^(\$LATEST|[0-9]+)$/;

type Routing = AliasRecord["routing"];

/** CreateAlias: `{Name, FunctionVersion, Description?, RoutingConfig?}`. */
export async function createAlias(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const name = input.requireText("Name", { min: 1, max: 128, pattern: ALIAS_NAME });
  const version = input.requireText("FunctionVersion", { min: 1, max: 1024, pattern: VERSION });
  const description = input.text("Description", { max: 256 }) ?? "";
  const routing = readRouting(input);
  input.finish();
  checkRouting(version, routing);
  const created = await call.ports.registry(call.target.accountId).createAlias({
    functionName: call.target.name,
    name,
    version,
    description,
    ...(routing && { routing }),
  });
  call.directory.forgetAll();
  if (created.outcome === "exists") {
    throw lambdaError("ResourceConflictException", `Alias already exists: ${aliasArn(call, name)}`);
  }
  return { status: 201, json: describeAlias(call, requireAlias(call, name, created)) };
}

/** GetAlias. */
export async function getAlias(call: LambdaCall): Promise<LambdaResult> {
  const name = readName(call);
  const found = await call.ports.registry(call.target.accountId).findAlias(call.target.name, name);
  if (!found) throw aliasNotFound(call, name);
  return { status: 200, json: describeAlias(call, found) };
}

/** ListAliases: by name; with `FunctionVersion` those that send invocations to it. */
export async function listAliases(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const { after, limit } = readPage(call.query);
  const version = call.query.get("FunctionVersion");
  const page = await call.ports.registry(accountId).listAliases(name, after, limit, version);
  if (!page) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 200, json: renderPage("Aliases", page, (alias) => describeAlias(call, alias)) };
}

/** UpdateAlias: what the body has changes. Empty weights take the second version away. */
export async function updateAlias(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name: functionName } = call.target;
  const name = readName(call);
  const input = Input.parse(call.body);
  const version = input.text("FunctionVersion", { min: 1, max: 1024, pattern: VERSION });
  const description = input.text("Description", { max: 256 });
  const routing = readRouting(input);
  const revisionId = input.text("RevisionId");
  input.finish();
  const registry = call.ports.registry(accountId);
  const before = await registry.findAlias(functionName, name);
  if (!before) throw aliasNotFound(call, name);
  checkRouting(version ?? before.version, routing === undefined ? before.routing : routing);
  const changed = await registry.changeAlias(functionName, name, {
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...(routing !== undefined && { routing }),
    ...(revisionId !== undefined && { revisionId }),
  });
  call.directory.forgetAll();
  if (changed.outcome === "not-found") throw aliasNotFound(call, name);
  return { status: 200, json: describeAlias(call, requireAlias(call, name, changed)) };
}

/** DeleteAlias: also answers 204 when there was none. */
export async function deleteAlias(call: LambdaCall): Promise<LambdaResult> {
  const known = await call.ports.registry(call.target.accountId).deleteAlias(call.target.name, readName(call));
  call.directory.forgetAll();
  if (!known) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 204 };
}

/** Undefined when the body has none, null when it has an empty one. */
function readRouting(input: Input): Routing | null | undefined {
  const weights = input.structure("RoutingConfig")?.numberMap("AdditionalVersionWeights");
  if (!input.has("RoutingConfig")) return undefined;
  const entries = Object.entries(weights ?? {});
  if (entries.length > 1)
    throw invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  const [entry] = entries;
  if (!entry) return null;
  const [version, weight] = entry;
  if (!isVersionNumber(version)) throw invalidParameter("AdditionalVersionWeights must name a published version.");
  if (!(weight >= 0 && weight <= 1)) throw invalidParameter("A weight must be a number from 0.0 to 1.0.");
  return { version, weight };
}

function checkRouting(version: string, routing: Routing | null): void {
  if (!routing) return;
  if (version === LATEST) {
    throw invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version");
  }
  if (version === routing.version) {
    throw invalidParameter(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    );
  }
}

function readName(call: LambdaCall): string {
  const name = parameter(call, "Name");
  const violations = new Violations();
  violations.checkText("name", name, { min: 1, max: 128, pattern: ALIAS_NAME });
  violations.throwAny();
  return name;
}

function requireAlias(call: LambdaCall, name: string, answer: AliasOutcome): AliasRecord {
  switch (answer.outcome) {
    case "ok":
      return answer.alias;
    case "stale-revision":
      throw revisionMismatch();
    case "no-such-version":
      throw functionNotFound(formatFunctionArn(call.region, { ...call.target, qualifier: answer.version }));
    default:
      throw functionNotFound(aliasArn(call, name).replace(/:[^:]*$/, ""));
  }
}

function describeAlias(call: LambdaCall, alias: AliasRecord): object {
  return {
    AliasArn: aliasArn(call, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    ...(alias.routing && {
      RoutingConfig: { AdditionalVersionWeights: { [alias.routing.version]: alias.routing.weight } },
    }),
    RevisionId: alias.revisionId,
  };
}

function aliasNotFound(call: LambdaCall, name: string) {
  return lambdaError("ResourceNotFoundException", `Cannot find alias arn: ${aliasArn(call, name)}`);
}

function aliasArn(call: LambdaCall, name: string): string {
  return formatFunctionArn(call.region, { ...call.target, qualifier: name });
}
