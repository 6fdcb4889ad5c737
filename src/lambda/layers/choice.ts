/** The layers of a function: which it may have, and what they weigh together with its own package. */
import type { FunctionLayer, LayerChoice } from "../../metadata/function/layer-protocol.ts";
import type { FunctionCode } from "../../metadata/function/protocol.ts";
import type { LambdaCall } from "../call.ts";
import { invalidParameter, lambdaError } from "../errors.ts";
import type { Input } from "../input.ts";
import { PACKED_FORM } from "../packages.ts";
import { MAX_LOADED_BYTES, MAX_UNZIPPED_BYTES } from "../runtime/limits.ts";
import { formatLayerVersionArn, LAYER_VERSION_ARN, MAX_LAYER_NAME, parseLayerVersionArn } from "./names.ts";
import { findUsableLayer } from "./access.ts";

/** "Function layers" (Lambda quotas). */
const MAX_LAYERS = 5;

/** ARNs in `Layers` of a body; undefined when it does not say. */
export function readLayers(input: Input): readonly string[] | undefined {
  const layers = input.textList("Layers", { items: { min: 1, max: MAX_LAYER_NAME, pattern: LAYER_VERSION_ARN } });
  if (layers && layers.length > MAX_LAYERS) throw invalidParameter(`Cannot reference more than ${MAX_LAYERS} layers.`);
  const byLayer = Map.groupBy(layers ?? [], (arn) => arn.slice(0, arn.lastIndexOf(":")));
  const twice = [...byLayer.values()].find((arns) => arns.length > 1);
  if (twice) {
    throw invalidParameter(
      `Two different versions of the same layer are not allowed to be referenced in the same function. Layer: ${twice.join(", ")}`,
    );
  }
  return layers;
}

/** Looks layers up. Throws InvalidParameterValueException and AccessDeniedException. */
export async function chooseLayers(call: LambdaCall, arns: readonly string[]): Promise<LayerChoice[]> {
  const choices: LayerChoice[] = [];
  for (const arn of arns) choices.push(await chooseLayer(call, arn));
  return choices;
}

async function chooseLayer(call: LambdaCall, arn: string): Promise<LayerChoice> {
  const named = parseLayerVersionArn(arn, call.region);
  const found = await findUsableLayer(call, named);
  if (!found) throw invalidParameter(`Layer version ${arn} does not exist.`);
  const { accountId } = call.target;
  const layer = { arn: formatLayerVersionArn(call.region, named), code: found.code };
  if (named.accountId === accountId) return { layer, isCopied: false };
  const used = await call.ports.registry(accountId).findLayerUse(layer.arn);
  return used ? { layer: used, isCopied: false } : { layer: await copyLayer(call, layer), isCopied: true };
}

/** Another account's layer works on when it is deleted there: each account that uses it has a copy. */
async function copyLayer(call: LambdaCall, { arn, code }: FunctionLayer): Promise<FunctionLayer> {
  const { accountId } = call.target;
  const codeId = `${accountId}/${crypto.randomUUID()}`;
  await call.ports.registry(accountId).reserveCode(codeId);
  const isWhole = await call.packages.copy(code.codeId, codeId, PACKED_FORM);
  if (!isWhole) throw invalidParameter(`Layer version ${arn} does not exist.`);
  return { arn, code: { ...code, codeId } };
}

/** Throws InvalidParameterValueException when a function would be too large with its layers. */
export function checkTotalSize(code: FunctionCode, layers: readonly FunctionLayer[]): void {
  if (layers.length === 0) return;
  const parts = [code, ...layers.map((layer) => layer.code)];
  const unzipped = parts.reduce((sum, part) => sum + part.unzippedSize, 0);
  if (unzipped > MAX_UNZIPPED_BYTES) {
    throw invalidParameter(
      `Function code combined with layers exceeds the maximum allowed size of ${MAX_UNZIPPED_BYTES} bytes. The actual size is ${unzipped} bytes.`,
    );
  }
  const loaded = parts.reduce((sum, part) => sum + (part.loadedSize ?? part.unzippedSize), 0);
  if (loaded > MAX_LOADED_BYTES) {
    throw invalidParameter(
      `The code to load must be smaller than ${MAX_LOADED_BYTES} bytes on this deployment, layers included. The actual size is ${loaded} bytes.`,
    );
  }
}

export function layerGone() {
  return lambdaError("ResourceConflictException", "A layer was deleted while the function changed. Please try again.");
}
