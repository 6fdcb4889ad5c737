import { DISTRIBUTION_DEFAULTS } from "../../../metadata/cdn/defaults.ts";
import type {
  CustomErrorResponse,
  DistributionConfig,
  GeoRestriction,
  LoggingConfig,
  ViewerCertificate,
} from "../../../metadata/cdn/distribution-config.ts";
import { behaviorSettingsShape, behaviorShape } from "./behavior-shapes.ts";
import { originGroupShape, originShape } from "./origin-shapes.ts";
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
  textUpTo,
  withDefault,
} from "./shape.ts";

/** CloudFront's default for errors that a distribution names no time for, in seconds. */
const ERROR_TTL = 10;
/** API Reference, DistributionConfig. */
const MAX_COMMENT = 128;

const customError = structure<CustomErrorResponse>({
  ErrorCode: required(integer),
  ResponsePagePath: withDefault(text, ""),
  ResponseCode: withDefault(text, ""),
  ErrorCachingMinTTL: withDefault(integer, ERROR_TTL),
});

const logging = structure<LoggingConfig>({
  Enabled: withDefault(boolean, false),
  IncludeCookies: withDefault(boolean, false),
  Bucket: withDefault(text, ""),
  Prefix: withDefault(text, ""),
});

const geoRestriction = structure<GeoRestriction>({
  RestrictionType: required(oneOf("blacklist", "whitelist", "none")),
  Items: quantifiedItems("Location", text),
});

const viewerCertificate = structure<ViewerCertificate>({
  CloudFrontDefaultCertificate: withDefault(boolean, false),
  IAMCertificateId: optional(text),
  ACMCertificateArn: optional(text),
  SSLSupportMethod: optional(oneOf("sni-only", "vip", "static-ip")),
  MinimumProtocolVersion: optional(
    oneOf(
      "SSLv3",
      "TLSv1",
      "TLSv1_2016",
      "TLSv1.1_2016",
      "TLSv1.2_2018",
      "TLSv1.2_2019",
      "TLSv1.2_2021",
      "TLSv1.3_2025",
      "TLSv1.2_2025",
    ),
  ),
  Certificate: optional(text),
  CertificateSource: optional(oneOf("cloudfront", "iam", "acm")),
});

const members: Members<DistributionConfig> = {
  CallerReference: required(text),
  Aliases: withDefault(quantified("CNAME", text), DISTRIBUTION_DEFAULTS.Aliases),
  DefaultRootObject: withDefault(text, DISTRIBUTION_DEFAULTS.DefaultRootObject),
  Origins: required(quantified("Origin", originShape)),
  OriginGroups: withDefault(quantified("OriginGroup", originGroupShape), DISTRIBUTION_DEFAULTS.OriginGroups),
  DefaultCacheBehavior: required(behaviorSettingsShape),
  CacheBehaviors: withDefault(quantified("CacheBehavior", behaviorShape), DISTRIBUTION_DEFAULTS.CacheBehaviors),
  CustomErrorResponses: withDefault(
    quantified("CustomErrorResponse", customError),
    DISTRIBUTION_DEFAULTS.CustomErrorResponses,
  ),
  Comment: required(textUpTo(MAX_COMMENT)),
  Logging: withDefault(logging, DISTRIBUTION_DEFAULTS.Logging),
  PriceClass: withDefault<string>(
    oneOf("PriceClass_100", "PriceClass_200", "PriceClass_All", "None"),
    DISTRIBUTION_DEFAULTS.PriceClass,
  ),
  Enabled: required(boolean),
  ViewerCertificate: withDefault(viewerCertificate, DISTRIBUTION_DEFAULTS.ViewerCertificate),
  Restrictions: withDefault(
    structure<DistributionConfig["Restrictions"]>({ GeoRestriction: required(geoRestriction) }),
    DISTRIBUTION_DEFAULTS.Restrictions,
  ),
  WebACLId: withDefault(text, DISTRIBUTION_DEFAULTS.WebACLId),
  HttpVersion: withDefault<string>(oneOf("http1.1", "http2", "http3", "http2and3"), DISTRIBUTION_DEFAULTS.HttpVersion),
  IsIPV6Enabled: withDefault(boolean, DISTRIBUTION_DEFAULTS.IsIPV6Enabled),
  ContinuousDeploymentPolicyId: withDefault(text, DISTRIBUTION_DEFAULTS.ContinuousDeploymentPolicyId),
  Staging: withDefault(boolean, DISTRIBUTION_DEFAULTS.Staging),
  AnycastIpListId: optional(text),
  CacheTagConfig: optional(structure<{ readonly HeaderName: string }>({ HeaderName: required(text) })),
};

export const distributionConfigShape: Shape<DistributionConfig> = structure(members, { ConnectionMode: "direct" });

type Summary = Omit<
  DistributionConfig,
  "CallerReference" | "DefaultRootObject" | "Logging" | "ContinuousDeploymentPolicyId" | "CacheTagConfig"
>;

/** What a list shows of a configuration. */
export const distributionSummaryShape: Shape<Summary> = structure<Summary>({
  Aliases: members.Aliases,
  Origins: members.Origins,
  OriginGroups: members.OriginGroups,
  DefaultCacheBehavior: members.DefaultCacheBehavior,
  CacheBehaviors: members.CacheBehaviors,
  CustomErrorResponses: members.CustomErrorResponses,
  Comment: members.Comment,
  PriceClass: members.PriceClass,
  Enabled: members.Enabled,
  ViewerCertificate: members.ViewerCertificate,
  Restrictions: members.Restrictions,
  WebACLId: members.WebACLId,
  HttpVersion: members.HttpVersion,
  IsIPV6Enabled: members.IsIPV6Enabled,
  Staging: members.Staging,
  AnycastIpListId: members.AnycastIpListId,
});
