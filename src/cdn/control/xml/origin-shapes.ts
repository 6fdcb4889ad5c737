import { CUSTOM_ORIGIN_DEFAULTS, ORIGIN_DEFAULTS } from "../../../metadata/cdn/defaults.ts";
import type {
  CustomOriginConfig,
  Origin,
  OriginCustomHeader,
  OriginGroup,
  OriginShield,
  S3OriginConfig,
} from "../../../metadata/cdn/distribution-config.ts";
import {
  boolean,
  integer,
  oneOf,
  optional,
  quantified,
  required,
  type Shape,
  structure,
  text,
  withDefault,
} from "./shape.ts";

const customHeader = structure<OriginCustomHeader>({ HeaderName: required(text), HeaderValue: required(text) });

const s3Origin = structure<S3OriginConfig>({
  OriginAccessIdentity: required(text),
  OriginReadTimeout: withDefault(integer, CUSTOM_ORIGIN_DEFAULTS.OriginReadTimeout),
});

const customOrigin = structure<CustomOriginConfig>({
  HTTPPort: required(integer),
  HTTPSPort: required(integer),
  OriginProtocolPolicy: required(oneOf("http-only", "match-viewer", "https-only")),
  OriginSslProtocols: withDefault(
    quantified("SslProtocol", oneOf("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")),
    CUSTOM_ORIGIN_DEFAULTS.OriginSslProtocols,
  ),
  OriginReadTimeout: withDefault(integer, CUSTOM_ORIGIN_DEFAULTS.OriginReadTimeout),
  OriginKeepaliveTimeout: withDefault(integer, CUSTOM_ORIGIN_DEFAULTS.OriginKeepaliveTimeout),
  IpAddressType: optional(oneOf("ipv4", "ipv6", "dualstack")),
});

const shield = structure<OriginShield>({ Enabled: required(boolean), OriginShieldRegion: optional(text) });

export const originShape: Shape<Origin> = structure<Origin>({
  Id: required(text),
  DomainName: required(text),
  OriginPath: withDefault(text, ORIGIN_DEFAULTS.OriginPath),
  CustomHeaders: withDefault(quantified("OriginCustomHeader", customHeader), ORIGIN_DEFAULTS.CustomHeaders),
  S3OriginConfig: optional(s3Origin),
  CustomOriginConfig: optional(customOrigin),
  ConnectionAttempts: withDefault(integer, ORIGIN_DEFAULTS.ConnectionAttempts),
  ConnectionTimeout: withDefault(integer, ORIGIN_DEFAULTS.ConnectionTimeout),
  ResponseCompletionTimeout: optional(integer),
  OriginShield: withDefault(shield, ORIGIN_DEFAULTS.OriginShield),
  OriginAccessControlId: withDefault(text, ORIGIN_DEFAULTS.OriginAccessControlId),
});

export const originGroupShape: Shape<OriginGroup> = structure<OriginGroup>({
  Id: required(text),
  FailoverCriteria: required(
    structure<OriginGroup["FailoverCriteria"]>({ StatusCodes: required(quantified("StatusCode", integer)) }),
  ),
  Members: required(
    quantified("OriginGroupMember", structure<OriginGroup["Members"][number]>({ OriginId: required(text) })),
  ),
  SelectionCriteria: optional(oneOf("default", "media-quality-based")),
});
