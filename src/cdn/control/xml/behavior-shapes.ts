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
const NOBODY: TrustedList = { Enabled: false, Items: [] };
const READING = ["HEAD", "GET"] as const;

function trustedList(itemName: string): Shape<TrustedList> {
  return structure<TrustedList>({ Enabled: required(boolean), Items: quantifiedItems(itemName, text) });
}

const allowedMethods = structure<CacheBehaviorSettings["AllowedMethods"]>({
  Items: quantifiedItems<string>("Method", method),
  CachedMethods: withDefault(quantified<string>("Method", method), READING),
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
  TrustedSigners: withDefault(trustedList("AwsAccountNumber"), NOBODY),
  TrustedKeyGroups: withDefault(trustedList("KeyGroup"), NOBODY),
  ViewerProtocolPolicy: required(oneOf("allow-all", "https-only", "redirect-to-https")),
  AllowedMethods: withDefault(allowedMethods, { Items: READING, CachedMethods: READING }),
  SmoothStreaming: withDefault(boolean, false),
  Compress: withDefault(boolean, false),
  LambdaFunctionAssociations: withDefault(quantified("LambdaFunctionAssociation", lambdaAssociation), []),
  FunctionAssociations: withDefault(quantified("FunctionAssociation", functionAssociation), []),
  FieldLevelEncryptionId: withDefault(text, ""),
  RealtimeLogConfigArn: optional(text),
  GrpcConfig: withDefault(structure<{ readonly Enabled: boolean }>({ Enabled: required(boolean) }), {
    Enabled: false,
  }),
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
