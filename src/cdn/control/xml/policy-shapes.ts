import { child } from "../../../lib/xml.ts";
import type {
  CachePolicyConfig,
  CookiesConfig,
  CorsConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  QueryStringsConfig,
  ResponseHeadersPolicyConfig,
  SecurityHeadersConfig,
} from "../../../metadata/cdn/policy-configs.ts";
import {
  boolean,
  decimal,
  integer,
  oneOf,
  optional,
  quantified,
  required,
  type Shape,
  structure,
  text,
  textUpTo,
  withDefault,
} from "./shape.ts";

const names = quantified("Name", text);
/** API Reference, e.g. CachePolicyConfig. */
const comment = textUpTo(128);

const YEAR = 31_536_000;
const DAY = 86_400;

const cookies = structure<CookiesConfig>({
  CookieBehavior: required(oneOf("none", "whitelist", "allExcept", "all")),
  Cookies: optional(names),
});

const queryStrings = structure<QueryStringsConfig>({
  QueryStringBehavior: required(oneOf("none", "whitelist", "allExcept", "all")),
  QueryStrings: optional(names),
});

type CacheKeyParameters = CachePolicyConfig["ParametersInCacheKeyAndForwardedToOrigin"];

const cacheKeyParameters = structure<CacheKeyParameters>({
  EnableAcceptEncodingGzip: required(boolean),
  EnableAcceptEncodingBrotli: withDefault(boolean, false),
  HeadersConfig: required(
    structure<CacheKeyParameters["HeadersConfig"]>({
      HeaderBehavior: required(oneOf("none", "whitelist")),
      Headers: optional(names),
    }),
  ),
  CookiesConfig: required(cookies),
  QueryStringsConfig: required(queryStrings),
});

const cachePolicy = structure<CachePolicyConfig>({
  Comment: withDefault(comment, ""),
  Name: required(text),
  DefaultTTL: withDefault(integer, DAY),
  MaxTTL: withDefault(integer, YEAR),
  MinTTL: required(integer),
  ParametersInCacheKeyAndForwardedToOrigin: withDefault(cacheKeyParameters, {
    EnableAcceptEncodingGzip: false,
    EnableAcceptEncodingBrotli: false,
    HeadersConfig: { HeaderBehavior: "none" },
    CookiesConfig: { CookieBehavior: "none" },
    QueryStringsConfig: { QueryStringBehavior: "none" },
  }),
});

/** Times that are left out are never below those that are not (API Reference, CachePolicyConfig). */
export const cachePolicyShape: Shape<CachePolicyConfig> = {
  read(node, path) {
    const config = cachePolicy.read(node, path);
    const DefaultTTL = child(node, "DefaultTTL") ? config.DefaultTTL : Math.max(DAY, config.MinTTL);
    const MaxTTL = child(node, "MaxTTL") ? config.MaxTTL : Math.max(YEAR, DefaultTTL);
    return { ...config, DefaultTTL, MaxTTL };
  },
  write: (config) => cachePolicy.write(config),
};

export const originRequestPolicyShape: Shape<OriginRequestPolicyConfig> = structure<OriginRequestPolicyConfig>({
  Comment: withDefault(comment, ""),
  Name: required(text),
  HeadersConfig: required(
    structure<OriginRequestPolicyConfig["HeadersConfig"]>({
      HeaderBehavior: required(oneOf("none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept")),
      Headers: optional(names),
    }),
  ),
  CookiesConfig: required(cookies),
  QueryStringsConfig: required(queryStrings),
});

const cors = structure<CorsConfig>({
  AccessControlAllowOrigins: required(quantified("Origin", text)),
  AccessControlAllowHeaders: required(quantified("Header", text)),
  AccessControlAllowMethods: required(
    quantified<string>("Method", oneOf("GET", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "HEAD", "ALL")),
  ),
  AccessControlAllowCredentials: required(boolean),
  AccessControlExposeHeaders: withDefault(quantified("Header", text), []),
  AccessControlMaxAgeSec: optional(integer),
  OriginOverride: required(boolean),
});

type SecurityHeader<Name extends keyof SecurityHeadersConfig> = NonNullable<SecurityHeadersConfig[Name]>;

const securityHeaders = structure<SecurityHeadersConfig>({
  XSSProtection: optional(
    structure<SecurityHeader<"XSSProtection">>({
      Override: required(boolean),
      Protection: required(boolean),
      ModeBlock: optional(boolean),
      ReportUri: optional(text),
    }),
  ),
  FrameOptions: optional(
    structure<SecurityHeader<"FrameOptions">>({
      Override: required(boolean),
      FrameOption: required(oneOf("DENY", "SAMEORIGIN")),
    }),
  ),
  ReferrerPolicy: optional(
    structure<SecurityHeader<"ReferrerPolicy">>({
      Override: required(boolean),
      ReferrerPolicy: required<string>(
        oneOf(
          "no-referrer",
          "no-referrer-when-downgrade",
          "origin",
          "origin-when-cross-origin",
          "same-origin",
          "strict-origin",
          "strict-origin-when-cross-origin",
          "unsafe-url",
        ),
      ),
    }),
  ),
  ContentSecurityPolicy: optional(
    structure<SecurityHeader<"ContentSecurityPolicy">>({
      Override: required(boolean),
      ContentSecurityPolicy: required(text),
    }),
  ),
  ContentTypeOptions: optional(structure<SecurityHeader<"ContentTypeOptions">>({ Override: required(boolean) })),
  StrictTransportSecurity: optional(
    structure<SecurityHeader<"StrictTransportSecurity">>({
      Override: required(boolean),
      IncludeSubdomains: optional(boolean),
      Preload: optional(boolean),
      AccessControlMaxAgeSec: required(integer),
    }),
  ),
});

const customHeader = structure<ResponseHeadersPolicyConfig["CustomHeadersConfig"][number]>({
  Header: required(text),
  Value: required(text),
  Override: required(boolean),
});

const removedHeader = structure<ResponseHeadersPolicyConfig["RemoveHeadersConfig"][number]>({ Header: required(text) });

export const responseHeadersPolicyShape: Shape<ResponseHeadersPolicyConfig> = structure<ResponseHeadersPolicyConfig>({
  Comment: withDefault(comment, ""),
  Name: required(text),
  CorsConfig: optional(cors),
  SecurityHeadersConfig: optional(securityHeaders),
  ServerTimingHeadersConfig: optional(
    structure<NonNullable<ResponseHeadersPolicyConfig["ServerTimingHeadersConfig"]>>({
      Enabled: required(boolean),
      SamplingRate: optional(decimal),
    }),
  ),
  CustomHeadersConfig: withDefault(quantified("ResponseHeadersPolicyCustomHeader", customHeader), []),
  RemoveHeadersConfig: withDefault(quantified("ResponseHeadersPolicyRemoveHeader", removedHeader), []),
});

export const originAccessControlShape: Shape<OriginAccessControlConfig> = structure<OriginAccessControlConfig>({
  Name: required(text),
  Description: withDefault(text, ""),
  SigningProtocol: required(oneOf("sigv4")),
  SigningBehavior: required(oneOf("never", "always", "no-override")),
  OriginAccessControlOriginType: required(oneOf("s3", "mediastore", "mediapackagev2", "lambda")),
});
