import type { LayerFilter, LayerVersion } from "../../metadata/function/layer-protocol.ts";
import type { Page } from "../../metadata/function/protocol.ts";
import { ARCHITECTURES, codeRefused, loadZip, readCodeSource, storeCode } from "../code.ts";
import type { LambdaCall, LambdaResult } from "../call.ts";
import { Violations } from "../constraints.ts";
import { Input } from "../input.ts";
import { readPage, renderPage } from "../paging.ts";
import { LAYER_ROOT } from "../runtime/limits.ts";
import { findUsableLayer, layerNotFound, requireOwnLayer } from "./access.ts";
import { LAYER_RUNTIMES } from "./runtimes.ts";
import {
  formatLayerArn,
  formatLayerVersionArn,
  LAYER_VERSION_ARN,
  type LayerName,
  type LayerVersionName,
  MAX_LAYER_NAME,
  parseLayerVersionArn,
  readLayerName,
  readLayerVersionName,
} from "./names.ts";

const MAX_RUNTIMES = 15;

/** PublishLayerVersion. The first of a name makes the layer. */
export async function publishLayerVersion(call: LambdaCall): Promise<LambdaResult> {
  const named = requireOwnLayer(call, readLayerName(call));
  const input = Input.parse(call.body);
  const source = readCodeSource(input.requireStructure("Content"));
  const description = input.text("Description", { max: 256 }) ?? "";
  const licenseInfo = input.text("LicenseInfo", { max: 512 });
  const runtimes = input.textList("CompatibleRuntimes", { items: { values: LAYER_RUNTIMES }, max: MAX_RUNTIMES });
  const architectures = input.textList("CompatibleArchitectures", { items: { values: ARCHITECTURES }, max: 2 });
  input.finish();
  const code = await storeCode(call, named.accountId, await loadZip(call, source), LAYER_ROOT);
  const published = await call.ports.registry(named.accountId).publishLayerVersion({
    name: named.name,
    code,
    description,
    ...(licenseInfo !== undefined && { licenseInfo }),
    ...(runtimes && { runtimes }),
    ...(architectures && { architectures }),
  });
  if (published.outcome !== "ok") throw codeRefused(published.outcome);
  return { status: 201, json: await describeWithContent(call, named, published.version) };
}

/** GetLayerVersion. */
export async function getLayerVersion(call: LambdaCall): Promise<LambdaResult> {
  return renderLayerVersion(call, readLayerVersionName(call));
}

/** GetLayerVersionByArn: `?find=LayerVersion&Arn=…`. */
export async function getLayerVersionByArn(call: LambdaCall): Promise<LambdaResult> {
  const arn = call.query.get("Arn");
  const violations = new Violations();
  if (arn === undefined) violations.add("arn", "null", "not be null");
  else violations.checkText("arn", arn, { min: 1, max: MAX_LAYER_NAME, pattern: LAYER_VERSION_ARN });
  violations.throwAny();
  return renderLayerVersion(call, parseLayerVersionArn(arn ?? "", call.region));
}

/** ListLayers: of each layer the latest version that fits. */
export async function listLayers(call: LambdaCall): Promise<LambdaResult> {
  const { after, limit } = readPage(call.query, MAX_LIST_ITEMS);
  const accountId = call.account.id;
  const page = await call.ports.registry(accountId).listLayers(after, limit, readFilter(call));
  const json = renderPage("Layers", page, (version) => ({
    LayerName: version.name,
    LayerArn: formatLayerArn(call.region, { accountId, name: version.name }),
    LatestMatchingVersion: describeLayerVersion(call.region, accountId, version),
  }));
  return { status: 200, json };
}

/** ListLayerVersions: the latest first. A layer that is not there has none. */
export async function listLayerVersions(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = requireOwnLayer(call, readLayerName(call));
  const { after, limit } = readPage(call.query, MAX_LIST_ITEMS);
  const page: Page<LayerVersion> = await call.ports
    .registry(accountId)
    .listLayerVersions(name, after, limit, readFilter(call));
  const json = renderPage("LayerVersions", page, (version) => describeLayerVersion(call.region, accountId, version));
  return { status: 200, json };
}

/** DeleteLayerVersion. Functions that use it keep it; what is not there counts as deleted. */
export async function deleteLayerVersion(call: LambdaCall): Promise<LambdaResult> {
  const layer = readLayerVersionName(call);
  requireOwnLayer(call, layer);
  await call.ports.registry(layer.accountId).deleteLayerVersion(layer.name, layer.version);
  return { status: 204 };
}

/** "MaxLayerListItems" of the service model. */
const MAX_LIST_ITEMS = 50;

function readFilter({ query }: LambdaCall): LayerFilter {
  const runtime = query.get("CompatibleRuntime");
  const architecture = query.get("CompatibleArchitecture");
  const violations = new Violations();
  if (runtime !== undefined) violations.checkText("compatibleRuntime", runtime, { values: LAYER_RUNTIMES });
  if (architecture !== undefined)
    violations.checkText("compatibleArchitecture", architecture, { values: ARCHITECTURES });
  violations.throwAny();
  return { ...(runtime !== undefined && { runtime }), ...(architecture !== undefined && { architecture }) };
}

async function renderLayerVersion(call: LambdaCall, layer: LayerVersionName): Promise<LambdaResult> {
  const found = await findUsableLayer(call, layer);
  if (!found) throw layerNotFound();
  return { status: 200, json: await describeWithContent(call, layer, found) };
}

async function describeWithContent(call: LambdaCall, layer: LayerName, version: LayerVersion) {
  return {
    Content: {
      Location: await call.ports.presignCode(version.code.codeId),
      CodeSha256: version.code.sha256,
      CodeSize: version.code.size,
    },
    LayerArn: formatLayerArn(call.region, layer),
    ...describeLayerVersion(call.region, layer.accountId, version),
  };
}

/** LayerVersionsListItem of the API, which the other shapes contain. */
function describeLayerVersion(region: string, accountId: string, layer: LayerVersion) {
  return {
    LayerVersionArn: formatLayerVersionArn(region, { ...layer, accountId }),
    Version: layer.version,
    Description: layer.description,
    CreatedDate: new Date(layer.createdAt).toISOString().replace("Z", "+0000"),
    ...(layer.runtimes && { CompatibleRuntimes: layer.runtimes }),
    ...(layer.licenseInfo !== undefined && { LicenseInfo: layer.licenseInfo }),
    ...(layer.architectures && { CompatibleArchitectures: layer.architectures }),
  };
}
