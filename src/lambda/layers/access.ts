import { isAllowedByStatements } from "../../auth/policy/statements.ts";
import type { LayerVersion } from "../../metadata/function/layer-protocol.ts";
import type { LambdaCall } from "../call.ts";
import { lambdaError } from "../errors.ts";
import { formatLayerArn, formatLayerVersionArn, type LayerName, type LayerVersionName } from "./names.ts";

/**
 * A version that the caller may use: its own, or another account's whose policy says so.
 * Undefined when it is not there. Throws AccessDeniedException.
 */
export async function findUsableLayer(call: LambdaCall, layer: LayerVersionName): Promise<LayerVersion | undefined> {
  const registry = call.ports.registry(layer.accountId);
  if (layer.accountId !== call.account.id) {
    const policy = await registry.findLayerPolicy(layer.name, layer.version);
    const isAllowed =
      policy !== undefined &&
      isAllowedByStatements(policy.statements, {
        principal: { kind: "account", accountId: call.account.id },
        action: "lambda:GetLayerVersion",
        resource: formatLayerVersionArn(call.region, layer),
        context: {},
      });
    if (!isAllowed) throw layerDenied(call, "lambda:GetLayerVersion", formatLayerVersionArn(call.region, layer));
  }
  return registry.findLayerVersion(layer.name, layer.version);
}

/** Other accounts' layers can be used, if they allow it, and not administered. */
export function requireOwnLayer<Name extends LayerName>(call: LambdaCall, layer: Name): Name {
  if (layer.accountId === call.account.id) return layer;
  throw layerDenied(call, `lambda:${call.operation}`, formatLayerArn(call.region, layer));
}

export function layerNotFound() {
  return lambdaError("ResourceNotFoundException", "The resource you requested does not exist.");
}

function layerDenied({ account }: LambdaCall, action: string, resource: string) {
  return lambdaError(
    "AccessDeniedException",
    `User: arn:aws:iam::${account.id}:root is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
  );
}
