import type {
  CacheBehaviorSettings,
  CustomOriginConfig,
  DistributionConfig,
  Origin,
  TrustedList,
} from "./distribution-config.ts";

/** What CloudFront fills in where a configuration leaves it out (API Reference, the members of each type). */

export const ORIGIN_DEFAULTS = {
  OriginPath: "",
  CustomHeaders: [],
  ConnectionAttempts: 3,
  ConnectionTimeout: 10,
  OriginShield: { Enabled: false },
  OriginAccessControlId: "",
} satisfies Partial<Origin>;

export const CUSTOM_ORIGIN_DEFAULTS = {
  OriginSslProtocols: ["TLSv1", "TLSv1.1", "TLSv1.2"],
  OriginReadTimeout: 30,
  OriginKeepaliveTimeout: 5,
} as const satisfies Partial<CustomOriginConfig>;

const NOBODY: TrustedList = { Enabled: false, Items: [] };
const READING = ["HEAD", "GET"] as const;

export const BEHAVIOR_DEFAULTS = {
  TrustedSigners: NOBODY,
  TrustedKeyGroups: NOBODY,
  AllowedMethods: { Items: READING, CachedMethods: READING },
  SmoothStreaming: false,
  Compress: false,
  LambdaFunctionAssociations: [],
  FunctionAssociations: [],
  FieldLevelEncryptionId: "",
  GrpcConfig: { Enabled: false },
} satisfies Partial<CacheBehaviorSettings>;

export const DISTRIBUTION_DEFAULTS = {
  Aliases: [],
  DefaultRootObject: "",
  OriginGroups: [],
  CacheBehaviors: [],
  CustomErrorResponses: [],
  Logging: { Enabled: false, IncludeCookies: false, Bucket: "", Prefix: "" },
  PriceClass: "PriceClass_All",
  ViewerCertificate: {
    CloudFrontDefaultCertificate: true,
    SSLSupportMethod: "vip",
    MinimumProtocolVersion: "TLSv1",
    CertificateSource: "cloudfront",
  },
  Restrictions: { GeoRestriction: { RestrictionType: "none", Items: [] } },
  WebACLId: "",
  HttpVersion: "http2",
  IsIPV6Enabled: true,
  ContinuousDeploymentPolicyId: "",
  Staging: false,
} satisfies Partial<DistributionConfig>;
