import { type LambdaCall, parameter } from "../call.ts";
import { Violations } from "../constraints.ts";
import { invalidParameter, lambdaError } from "../errors.ts";

/** A layer as a request names it. */
export interface LayerName {
  readonly accountId: string;
  readonly name: string;
}

export interface LayerVersionName extends LayerName {
  readonly version: number;
}

/** As in the service model: a name, or an ARN with one. */
const LAYER_NAME = /^(?:arn:[a-zA-Z0-9-]+:lambda:([a-zA-Z0-9-]+):(\d{12}):layer:)?([a-zA-Z0-9-_]+)$/;
export const LAYER_VERSION_ARN = /^arn:[a-zA-Z0-9-]+:lambda:([a-zA-Z0-9-]+):(\d{12}):layer:([a-zA-Z0-9-_]+):([0-9]+)$/;
export const MAX_LAYER_NAME = 140;

type NameCall = Pick<LambdaCall, "account" | "parameters" | "region">;

/** `{LayerName}` of the path. */
export function readLayerName(call: NameCall): LayerName {
  const text = parameter(call, "LayerName");
  const violations = new Violations();
  violations.checkText("layerName", text, { min: 1, max: MAX_LAYER_NAME, pattern: LAYER_NAME });
  violations.throwAny();
  const [, region, accountId = call.account.id, name = ""] = LAYER_NAME.exec(text) ?? [];
  if (region !== undefined) checkRegion(region, call.region);
  return { accountId, name };
}

/** `{LayerName}` and `{VersionNumber}` of the path. */
export function readLayerVersionName(call: NameCall): LayerVersionName {
  const text = parameter(call, "VersionNumber");
  if (!/^\d{1,15}$/.test(text)) throw invalidParameter("Layer Version Cannot be less than 1.");
  return checkVersion({ ...readLayerName(call), version: Number(text) });
}

/** A whole ARN, which has been checked against LAYER_VERSION_ARN. */
export function parseLayerVersionArn(arn: string, ours: string): LayerVersionName {
  const [, region = "", accountId = "", name = "", version = ""] = LAYER_VERSION_ARN.exec(arn) ?? [];
  checkRegion(region, ours);
  return checkVersion({ accountId, name, version: Number(version) });
}

/** `arn:aws:lambda:<region>:<account>:layer:<name>`. */
export function formatLayerArn(region: string, { accountId, name }: LayerName): string {
  return `arn:aws:lambda:${region}:${accountId}:layer:${name}`;
}

export function formatLayerVersionArn(region: string, layer: LayerVersionName): string {
  return `${formatLayerArn(region, layer)}:${layer.version}`;
}

function checkVersion(layer: LayerVersionName): LayerVersionName {
  if (layer.version < 1) throw invalidParameter("Layer Version Cannot be less than 1.");
  return layer;
}

function checkRegion(region: string, ours: string): void {
  if (region === ours) return;
  throw lambdaError(
    "ResourceNotFoundException",
    `Layers from '${region}' are not reachable in this region ('${ours}')`,
  );
}
