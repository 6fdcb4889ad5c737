import type { UrlChange, UrlCors, UrlRecord } from "../../metadata/function/protocol.ts";
import type { LambdaCall, LambdaResult } from "../call.ts";
import { functionNotFound, invalidParameter, lambdaError } from "../errors.ts";
import { Input } from "../input.ts";
import { formatFunctionArn, isVersionNumber, LATEST } from "../names.ts";
import { mintUrlId } from "./url-id.ts";

const METHODS = ["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"];
const MAX_AGE = { min: 0, max: 86_400 };

/** CreateFunctionUrlConfig: `{AuthType, Cors?, InvokeMode?}`, for the function or one of its aliases. */
export async function createFunctionUrlConfig(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const qualifier = readUrlQualifier(call);
  const input = Input.parse(call.body);
  input.requireText("AuthType");
  const { authType = "NONE", invokeMode = "BUFFERED", cors } = readChange(input);
  input.finish();
  const created = await call.ports.registry(accountId).createUrl({
    functionName: name,
    ...(qualifier !== "" && { qualifier }),
    urlId: await mintUrlId(accountId, (text) => call.ports.tag(text)),
    authType,
    invokeMode,
    ...(cors && { cors }),
  });
  call.directory.forgetAll();
  if (created.outcome === "exists") {
    throw lambdaError(
      "ResourceConflictException",
      `Failed to create function url config for [functionArn = ${formatFunctionArn(call.region, call.target)}]. Error message: FunctionUrlConfig exists for this Lambda function`,
    );
  }
  if (created.outcome !== "ok") throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 201, json: describeUrl(call, created.url) };
}

/** GetFunctionUrlConfig. */
export async function getFunctionUrlConfig(call: LambdaCall): Promise<LambdaResult> {
  const found = await call.ports.registry(call.target.accountId).findUrl(call.target.name, readUrlQualifier(call));
  if (!found) throw urlNotFound();
  return { status: 200, json: describeUrl(call, found) };
}

/** ListFunctionUrlConfigs: that of the function, and those of its aliases. All fit into one page. */
export async function listFunctionUrlConfigs(call: LambdaCall): Promise<LambdaResult> {
  const urls = await call.ports.registry(call.target.accountId).listUrls(call.target.name);
  if (!urls) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 200, json: { FunctionUrlConfigs: urls.map((url) => describeUrl(call, url)) } };
}

/** UpdateFunctionUrlConfig: what the body has changes. */
export async function updateFunctionUrlConfig(call: LambdaCall): Promise<LambdaResult> {
  const qualifier = readUrlQualifier(call);
  const input = Input.parse(call.body);
  const change = readChange(input);
  input.finish();
  const changed = await call.ports.registry(call.target.accountId).changeUrl(call.target.name, qualifier, change);
  call.directory.forgetAll();
  if (changed.outcome !== "ok") throw urlNotFound();
  return { status: 200, json: describeUrl(call, changed.url) };
}

/** DeleteFunctionUrlConfig. */
export async function deleteFunctionUrlConfig(call: LambdaCall): Promise<LambdaResult> {
  const deleted = await call.ports.registry(call.target.accountId).deleteUrl(call.target.name, readUrlQualifier(call));
  call.directory.forgetAll();
  if (!deleted) throw urlNotFound();
  return { status: 204 };
}

/** Empty for the function itself. */
function readUrlQualifier({ target: { qualifier } }: LambdaCall): string {
  if (qualifier === undefined) return "";
  if (qualifier === LATEST || isVersionNumber(qualifier)) {
    throw invalidParameter("A function URL belongs to a function or to an alias, not to a version.");
  }
  return qualifier;
}

function readChange(input: Input): UrlChange {
  const authType = input.text("AuthType", { values: ["NONE", "AWS_IAM"] }) as UrlRecord["authType"] | undefined;
  const invokeMode = input.text("InvokeMode", { values: ["BUFFERED", "RESPONSE_STREAM"] }) as
    | UrlRecord["invokeMode"]
    | undefined;
  const cors = readCors(input.structure("Cors"));
  return { ...(authType && { authType }), ...(invokeMode && { invokeMode }), ...(cors && { cors }) };
}

function readCors(input: Input | undefined): UrlCors | undefined {
  if (!input) return undefined;
  const allowCredentials = input.boolean("AllowCredentials");
  const allowHeaders = input.textList("AllowHeaders", { max: 100 });
  const allowMethods = input.textList("AllowMethods", { max: 6, items: { values: METHODS } });
  const allowOrigins = input.textList("AllowOrigins", { max: 100 });
  const exposeHeaders = input.textList("ExposeHeaders", { max: 100 });
  const maxAge = input.integer("MaxAge", MAX_AGE);
  if (allowCredentials && allowOrigins?.includes("*")) {
    throw invalidParameter("AllowOrigins cannot have the wildcard * when AllowCredentials is true.");
  }
  return {
    ...(allowCredentials !== undefined && { allowCredentials }),
    ...(allowHeaders && { allowHeaders }),
    ...(allowMethods && { allowMethods }),
    ...(allowOrigins && { allowOrigins }),
    ...(exposeHeaders && { exposeHeaders }),
    ...(maxAge !== undefined && { maxAge }),
  };
}

function describeUrl(call: LambdaCall, url: UrlRecord): object {
  return {
    // The path works on every host; `<id>.lambda-url.<domain>` is the same where sub-hosts resolve.
    FunctionUrl: `${call.origin}/_fn/${url.urlId}/`,
    FunctionArn: formatFunctionArn(call.region, { ...call.target, qualifier: url.qualifier }),
    AuthType: url.authType,
    InvokeMode: url.invokeMode,
    ...(url.cors && { Cors: describeCors(url.cors) }),
    CreationTime: new Date(url.createdAt).toISOString(),
    LastModifiedTime: new Date(url.modifiedAt).toISOString(),
  };
}

function describeCors(cors: UrlCors): object {
  return {
    AllowCredentials: cors.allowCredentials,
    AllowHeaders: cors.allowHeaders,
    AllowMethods: cors.allowMethods,
    AllowOrigins: cors.allowOrigins,
    ExposeHeaders: cors.exposeHeaders,
    MaxAge: cors.maxAge,
  };
}

function urlNotFound() {
  return lambdaError("ResourceNotFoundException", "The resource you requested does not exist.");
}
