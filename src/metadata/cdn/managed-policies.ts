import type { CachePolicyConfig, OriginRequestPolicyConfig, ResponseHeadersPolicyConfig } from "./policy-configs.ts";

/**
 * AWS's managed policies with their ids and settings ("Use managed cache policies", "… origin request
 * policies", "… response headers policies" of the CloudFront Developer Guide), but for those that only
 * AWS Amplify's own distributions use.
 */

const YEAR = 31_536_000;
const DAY = 86_400;

type Parameters = CachePolicyConfig["ParametersInCacheKeyAndForwardedToOrigin"];

/** What a policy puts into the cache key, nothing unless it says so. */
function cacheKey(changes: Partial<Parameters> = {}): Parameters {
  return {
    EnableAcceptEncodingGzip: true,
    EnableAcceptEncodingBrotli: true,
    HeadersConfig: { HeaderBehavior: "none" },
    CookiesConfig: { CookieBehavior: "none" },
    QueryStringsConfig: { QueryStringBehavior: "none" },
    ...changes,
  };
}

const ALL_COOKIES = { CookieBehavior: "all" } as const;
const NO_COOKIES = { CookieBehavior: "none" } as const;
const ALL_QUERY_STRINGS = { QueryStringBehavior: "all" } as const;
const NO_QUERY_STRINGS = { QueryStringBehavior: "none" } as const;

const ORIGIN_CACHE_CONTROL: Partial<Parameters> = {
  HeadersConfig: {
    HeaderBehavior: "whitelist",
    Headers: ["Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"],
  },
  CookiesConfig: ALL_COOKIES,
};

export const MANAGED_CACHE_POLICIES: Readonly<Record<string, CachePolicyConfig>> = {
  "658327ea-f89d-4fab-a63d-7e88639e58f6": {
    Name: "Managed-CachingOptimized",
    Comment: "Nothing but the path in the cache key, compressed objects cached",
    MinTTL: 1,
    DefaultTTL: DAY,
    MaxTTL: YEAR,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey(),
  },
  "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": {
    Name: "Managed-CachingOptimizedForUncompressedObjects",
    Comment: "Nothing but the path in the cache key, no compressed objects",
    MinTTL: 1,
    DefaultTTL: DAY,
    MaxTTL: YEAR,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey({
      EnableAcceptEncodingGzip: false,
      EnableAcceptEncodingBrotli: false,
    }),
  },
  "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": {
    Name: "Managed-CachingDisabled",
    Comment: "No caching",
    MinTTL: 0,
    DefaultTTL: 0,
    MaxTTL: 0,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey({
      EnableAcceptEncodingGzip: false,
      EnableAcceptEncodingBrotli: false,
    }),
  },
  "08627262-05a9-4f76-9ded-b50ca2e3a84f": {
    Name: "Managed-Elemental-MediaPackage",
    Comment: "For AWS Elemental MediaPackage as the origin",
    MinTTL: 0,
    DefaultTTL: DAY,
    MaxTTL: YEAR,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey({
      EnableAcceptEncodingBrotli: false,
      HeadersConfig: {
        HeaderBehavior: "whitelist",
        Headers: ["Origin"],
      },
      QueryStringsConfig: {
        QueryStringBehavior: "whitelist",
        QueryStrings: ["aws.manifestfilter", "start", "end", "m"],
      },
    }),
  },
  "2e54312d-136d-493c-8eb9-b001f22f67d2": {
    Name: "Managed-Amplify",
    Comment: "For an AWS Amplify application as the origin",
    MinTTL: 2,
    DefaultTTL: 2,
    MaxTTL: 600,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey({
      HeadersConfig: {
        HeaderBehavior: "whitelist",
        Headers: ["Authorization", "CloudFront-Viewer-Country", "Host"],
      },
      CookiesConfig: ALL_COOKIES,
      QueryStringsConfig: ALL_QUERY_STRINGS,
    }),
  },
  "83da9c7e-98b4-4e11-a168-04f0df8e2c65": {
    Name: "UseOriginCacheControlHeaders",
    Comment: "As long as the origin says, without query strings in the cache key",
    MinTTL: 0,
    DefaultTTL: 0,
    MaxTTL: YEAR,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey(ORIGIN_CACHE_CONTROL),
  },
  "4cc15a8a-d715-48a4-82b8-cc0b614638fe": {
    Name: "UseOriginCacheControlHeaders-QueryStrings",
    Comment: "As long as the origin says, with query strings in the cache key",
    MinTTL: 0,
    DefaultTTL: 0,
    MaxTTL: YEAR,
    ParametersInCacheKeyAndForwardedToOrigin: cacheKey({
      ...ORIGIN_CACHE_CONTROL,
      QueryStringsConfig: ALL_QUERY_STRINGS,
    }),
  },
};

const CLOUDFRONT_HEADERS_2022_06: readonly string[] = [
  "CloudFront-Forwarded-Proto",
  "CloudFront-Is-Android-Viewer",
  "CloudFront-Is-Desktop-Viewer",
  "CloudFront-Is-IOS-Viewer",
  "CloudFront-Is-Mobile-Viewer",
  "CloudFront-Is-SmartTV-Viewer",
  "CloudFront-Is-Tablet-Viewer",
  "CloudFront-Viewer-Address",
  "CloudFront-Viewer-ASN",
  "CloudFront-Viewer-City",
  "CloudFront-Viewer-Country",
  "CloudFront-Viewer-Country-Name",
  "CloudFront-Viewer-Country-Region",
  "CloudFront-Viewer-Country-Region-Name",
  "CloudFront-Viewer-Http-Version",
  "CloudFront-Viewer-Latitude",
  "CloudFront-Viewer-Longitude",
  "CloudFront-Viewer-Metro-Code",
  "CloudFront-Viewer-Postal-Code",
  "CloudFront-Viewer-Time-Zone",
  "CloudFront-Viewer-TLS",
];

export const MANAGED_ORIGIN_REQUEST_POLICIES: Readonly<Record<string, OriginRequestPolicyConfig>> = {
  "216adef6-5c7f-47e4-b989-5492eafa07d3": {
    Name: "Managed-AllViewer",
    Comment: "Everything that the viewer sends",
    HeadersConfig: { HeaderBehavior: "allViewer" },
    CookiesConfig: ALL_COOKIES,
    QueryStringsConfig: ALL_QUERY_STRINGS,
  },
  "33f36d7e-f396-46d9-90e0-52428a34d9dc": {
    Name: "Managed-AllViewerAndCloudFrontHeaders-2022-06",
    Comment: "Everything that the viewer sends, and the CloudFront headers of June 2022",
    HeadersConfig: { HeaderBehavior: "allViewerAndWhitelistCloudFront", Headers: CLOUDFRONT_HEADERS_2022_06 },
    CookiesConfig: ALL_COOKIES,
    QueryStringsConfig: ALL_QUERY_STRINGS,
  },
  "b689b0a8-53d0-40ab-baf2-68738e2966ac": {
    Name: "Managed-AllViewerExceptHostHeader",
    Comment: "Everything that the viewer sends but Host",
    HeadersConfig: { HeaderBehavior: "allExcept", Headers: ["host"] },
    CookiesConfig: ALL_COOKIES,
    QueryStringsConfig: ALL_QUERY_STRINGS,
  },
  "59781a5b-3903-41f3-afcb-af62929ccde1": {
    Name: "Managed-CORS-CustomOrigin",
    Comment: "What CORS takes with an origin that is not S3",
    HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["origin"] },
    CookiesConfig: NO_COOKIES,
    QueryStringsConfig: NO_QUERY_STRINGS,
  },
  "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": {
    Name: "Managed-CORS-S3Origin",
    Comment: "What CORS takes with S3 as the origin",
    HeadersConfig: {
      HeaderBehavior: "whitelist",
      Headers: ["origin", "access-control-request-headers", "access-control-request-method"],
    },
    CookiesConfig: NO_COOKIES,
    QueryStringsConfig: NO_QUERY_STRINGS,
  },
  "775133bc-15f2-49f9-abea-afb2e0bf67d2": {
    Name: "Managed-Elemental-MediaTailor-PersonalizedManifests",
    Comment: "For AWS Elemental MediaTailor as the origin",
    HeadersConfig: {
      HeaderBehavior: "whitelist",
      Headers: [
        "origin",
        "access-control-request-headers",
        "access-control-request-method",
        "user-agent",
        "x-forwarded-for",
      ],
    },
    CookiesConfig: NO_COOKIES,
    QueryStringsConfig: ALL_QUERY_STRINGS,
  },
  "bf0718e1-ba1e-49d1-88b1-f726733018ae": {
    Name: "Managed-HostHeaderOnly",
    Comment: "The Host header",
    HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["host"] },
    CookiesConfig: NO_COOKIES,
    QueryStringsConfig: NO_QUERY_STRINGS,
  },
  "acba4595-bd28-49b8-b9fe-13317c0390fa": {
    Name: "Managed-UserAgentRefererHeaders",
    Comment: "User-Agent and Referer",
    HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["user-agent", "referer"] },
    CookiesConfig: NO_COOKIES,
    QueryStringsConfig: NO_QUERY_STRINGS,
  },
};

const SIMPLE_CORS: ResponseHeadersPolicyConfig["CorsConfig"] = {
  AccessControlAllowOrigins: ["*"],
  AccessControlAllowHeaders: ["*"],
  AccessControlAllowMethods: ["HEAD", "GET"],
  AccessControlAllowCredentials: false,
  AccessControlExposeHeaders: [],
  OriginOverride: false,
};

const PREFLIGHT_CORS: ResponseHeadersPolicyConfig["CorsConfig"] = {
  ...SIMPLE_CORS,
  AccessControlAllowMethods: ["HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH"],
  AccessControlExposeHeaders: ["*"],
};

const SECURITY_HEADERS: ResponseHeadersPolicyConfig["SecurityHeadersConfig"] = {
  XSSProtection: { Override: false, Protection: true, ModeBlock: true },
  FrameOptions: { Override: false, FrameOption: "SAMEORIGIN" },
  ReferrerPolicy: { Override: false, ReferrerPolicy: "strict-origin-when-cross-origin" },
  ContentTypeOptions: { Override: true },
  StrictTransportSecurity: {
    Override: false,
    IncludeSubdomains: false,
    Preload: false,
    AccessControlMaxAgeSec: YEAR,
  },
};

const NO_OTHER_HEADERS = { CustomHeadersConfig: [], RemoveHeadersConfig: [] } as const;

export const MANAGED_RESPONSE_HEADERS_POLICIES: Readonly<Record<string, ResponseHeadersPolicyConfig>> = {
  "60669652-455b-4ae9-85a4-c4c02393f86c": {
    Name: "Managed-SimpleCORS",
    Comment: "Simple CORS requests from everywhere",
    CorsConfig: SIMPLE_CORS,
    ...NO_OTHER_HEADERS,
  },
  "5cc3b908-e619-4b99-88e5-2cf7f45965bd": {
    Name: "Managed-CORS-With-Preflight",
    Comment: "CORS requests from everywhere, preflight ones among them",
    CorsConfig: PREFLIGHT_CORS,
    ...NO_OTHER_HEADERS,
  },
  "67f7725c-6f97-4210-82d7-5512b31e9d03": {
    Name: "Managed-SecurityHeadersPolicy",
    Comment: "Headers that make browsers careful",
    SecurityHeadersConfig: SECURITY_HEADERS,
    ...NO_OTHER_HEADERS,
  },
  "e61eb60c-9c35-4d20-a928-2b84e02af89c": {
    Name: "Managed-CORS-and-SecurityHeadersPolicy",
    Comment: "Simple CORS requests from everywhere, and headers that make browsers careful",
    CorsConfig: SIMPLE_CORS,
    SecurityHeadersConfig: SECURITY_HEADERS,
    ...NO_OTHER_HEADERS,
  },
  "eaab4381-ed33-4a86-88ca-d9558dc6cd63": {
    Name: "Managed-CORS-with-preflight-and-SecurityHeadersPolicy",
    Comment: "All CORS requests from everywhere, and headers that make browsers careful",
    CorsConfig: PREFLIGHT_CORS,
    SecurityHeadersConfig: SECURITY_HEADERS,
    ...NO_OTHER_HEADERS,
  },
};
