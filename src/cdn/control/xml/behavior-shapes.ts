import { BEHAVIOR_DEFAULTS } from "../../../metadata/cdn/defaults.ts";
import type {
  CacheBehavior,
  CacheBehaviorSettings,
  ForwardedValues,
  FunctionAssociation,
  LambdaFunctionAssociation,
  TrustedList,
} from "../../../metadata/cdn/distribution-config.ts";
import {
  boolean,
  integer,
  type Members,
  oneOf,
  optional,
  quantified,
  quantifiedItems,
  required,
  type Shape,
  structure,
  text,
  withDefault,
} from "./shape.ts";

const method = oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE");
const eventType = oneOf("viewer-request", "viewer-response", "origin-request", "origin-response");

function trustedList(itemName: string): Shape<TrustedList> {
  return structure<TrustedList>({ Enabled: required(boolean), Items: quantifiedItems(itemName, text) });
}

const allowedMethods = structure<CacheBehaviorSettings["AllowedMethods"]>({
  Items: quantifiedItems<string>("Method", method),
  CachedMethods: withDefault(quantified<string>("Method", method), BEHAVIOR_DEFAULTS.AllowedMethods.CachedMethods),
});

const lambdaAssociation = structure<LambdaFunctionAssociation>({
  LambdaFunctionARN: required(text),
  EventType: required(eventType),
  IncludeBody: withDefault(boolean, false),
});

const functionAssociation = structure<FunctionAssociation>({
  FunctionARN: required(text),
  EventType: required(eventType),
});

const forwardedValues = structure<ForwardedValues>({
  QueryString: required(boolean),
  Cookies: required(
    structure<ForwardedValues["Cookies"]>({
      Forward: required(oneOf("none", "whitelist", "all")),
      WhitelistedNames: optional(quantified("Name", text)),
    }),
  ),
  Headers: withDefault(quantified("Name", text), []),
  QueryStringCacheKeys: withDefault(quantified("Name", text), []),
});

const settings: Members<CacheBehaviorSettings> = {
  TargetOriginId: required(text),
  TrustedSigners: withDefault(trustedList("AwsAccountNumber"), BEHAVIOR_DEFAULTS.TrustedSigners),
  TrustedKeyGroups: withDefault(trustedList("KeyGroup"), BEHAVIOR_DEFAULTS.TrustedKeyGroups),
  ViewerProtocolPolicy: required(oneOf("allow-all", "https-only", "redirect-to-https")),
  AllowedMethods: withDefault(allowedMethods, BEHAVIOR_DEFAULTS.AllowedMethods),
  SmoothStreaming: withDefault(boolean, BEHAVIOR_DEFAULTS.SmoothStreaming),
  Compress: withDefault(boolean, BEHAVIOR_DEFAULTS.Compress),
  LambdaFunctionAssociations: withDefault(
    quantified("LambdaFunctionAssociation", lambdaAssociation),
    BEHAVIOR_DEFAULTS.LambdaFunctionAssociations,
  ),
  FunctionAssociations: withDefault(
    quantified("FunctionAssociation", functionAssociation),
    BEHAVIOR_DEFAULTS.FunctionAssociations,
  ),
  FieldLevelEncryptionId: withDefault(text, BEHAVIOR_DEFAULTS.FieldLevelEncryptionId),
  RealtimeLogConfigArn: optional(text),
  GrpcConfig: withDefault(
    structure<{ readonly Enabled: boolean }>({ Enabled: required(boolean) }),
    BEHAVIOR_DEFAULTS.GrpcConfig,
  ),
  CachePolicyId: optional(text),
  OriginRequestPolicyId: optional(text),
  ResponseHeadersPolicyId: optional(text),
  ForwardedValues: optional(forwardedValues),
  MinTTL: optional(integer),
  DefaultTTL: optional(integer),
  MaxTTL: optional(integer),
};

export const behaviorSettingsShape: Shape<CacheBehaviorSettings> = structure(settings);

export const behaviorShape: Shape<CacheBehavior> = structure<CacheBehavior>({
  PathPattern: required(text),
  ...settings,
});
