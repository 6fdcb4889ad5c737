import type { CacheBehaviorSettings, EventType } from "../../metadata/cdn/distribution-config.ts";
import type { DistributionSnapshot, EdgeFunction } from "../../metadata/cdn/protocol.ts";

/** A CloudFront Function of a behaviour, or a Lambda function of this deployment (Lambda@Edge). */
export type Association =
  /** `source` is undefined where the function is not published. */
  | { readonly kind: "function"; readonly arn: string; readonly source: EdgeFunction | undefined }
  | { readonly kind: "lambda"; readonly arn: string; readonly includeBody: boolean };

/** What runs at each event of a behaviour. */
export type BehaviorFunctions = Readonly<Partial<Record<EventType, Association>>>;

/** Undefined where nothing runs: most requests must not even look. */
export function compileFunctions(
  { FunctionAssociations, LambdaFunctionAssociations }: CacheBehaviorSettings,
  { functions }: DistributionSnapshot,
): BehaviorFunctions | undefined {
  if (FunctionAssociations.length + LambdaFunctionAssociations.length === 0) return undefined;
  const compiled: Partial<Record<EventType, Association>> = {};
  for (const { FunctionARN, EventType } of FunctionAssociations) {
    compiled[EventType] = { kind: "function", arn: FunctionARN, source: functions[FunctionARN] };
  }
  for (const { LambdaFunctionARN, EventType, IncludeBody } of LambdaFunctionAssociations) {
    compiled[EventType] = { kind: "lambda", arn: LambdaFunctionARN, includeBody: IncludeBody };
  }
  return compiled;
}
