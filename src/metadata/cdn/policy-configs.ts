/**
 * The configurations that distributions refer to by id, with AWS's own member names and lists where AWS wraps
 * them in `{Quantity, Items}`. Times are in seconds.
 */

export interface CachePolicyConfig {
  readonly Comment: string;
  readonly Name: string;
  readonly DefaultTTL: number;
  readonly MaxTTL: number;
  readonly MinTTL: number;
  readonly ParametersInCacheKeyAndForwardedToOrigin: {
    readonly EnableAcceptEncodingGzip: boolean;
    readonly EnableAcceptEncodingBrotli: boolean;
    readonly HeadersConfig: {
      readonly HeaderBehavior: "none" | "whitelist";
      readonly Headers?: readonly string[];
    };
    readonly CookiesConfig: CookiesConfig;
    readonly QueryStringsConfig: QueryStringsConfig;
  };
}

/** Names are case-sensitive, and may have `*` wildcards. */
export interface CookiesConfig {
  readonly CookieBehavior: "none" | "whitelist" | "allExcept" | "all";
  readonly Cookies?: readonly string[];
}

export interface QueryStringsConfig {
  readonly QueryStringBehavior: "none" | "whitelist" | "allExcept" | "all";
  readonly QueryStrings?: readonly string[];
}

export interface OriginRequestPolicyConfig {
  readonly Comment: string;
  readonly Name: string;
  readonly HeadersConfig: {
    readonly HeaderBehavior: "none" | "whitelist" | "allViewer" | "allViewerAndWhitelistCloudFront" | "allExcept";
    readonly Headers?: readonly string[];
  };
  readonly CookiesConfig: CookiesConfig;
  readonly QueryStringsConfig: QueryStringsConfig;
}

export interface ResponseHeadersPolicyConfig {
  readonly Comment: string;
  readonly Name: string;
  readonly CorsConfig?: CorsConfig;
  readonly SecurityHeadersConfig?: SecurityHeadersConfig;
  readonly ServerTimingHeadersConfig?: {
    readonly Enabled: boolean;
    /** Per cent, 0 to 100 with up to four decimals. */
    readonly SamplingRate?: number;
  };
  readonly CustomHeadersConfig: readonly {
    readonly Header: string;
    readonly Value: string;
    readonly Override: boolean;
  }[];
  readonly RemoveHeadersConfig: readonly { readonly Header: string }[];
}

export interface CorsConfig {
  /** `*`, an origin, or one with a wildcard: `https://*.example.com`. */
  readonly AccessControlAllowOrigins: readonly string[];
  readonly AccessControlAllowHeaders: readonly string[];
  /** `ALL` is each of them. */
  readonly AccessControlAllowMethods: readonly string[];
  readonly AccessControlAllowCredentials: boolean;
  readonly AccessControlExposeHeaders: readonly string[];
  readonly AccessControlMaxAgeSec?: number;
  /** Whether these replace what the origin says. */
  readonly OriginOverride: boolean;
}

export interface SecurityHeadersConfig {
  readonly XSSProtection?: {
    readonly Override: boolean;
    readonly Protection: boolean;
    readonly ModeBlock?: boolean;
    readonly ReportUri?: string;
  };
  readonly FrameOptions?: { readonly Override: boolean; readonly FrameOption: "DENY" | "SAMEORIGIN" };
  readonly ReferrerPolicy?: { readonly Override: boolean; readonly ReferrerPolicy: string };
  readonly ContentSecurityPolicy?: { readonly Override: boolean; readonly ContentSecurityPolicy: string };
  readonly ContentTypeOptions?: { readonly Override: boolean };
  readonly StrictTransportSecurity?: {
    readonly Override: boolean;
    readonly IncludeSubdomains?: boolean;
    readonly Preload?: boolean;
    readonly AccessControlMaxAgeSec: number;
  };
}

export interface OriginAccessControlConfig {
  readonly Name: string;
  readonly Description: string;
  readonly SigningProtocol: "sigv4";
  readonly SigningBehavior: "never" | "always" | "no-override";
  readonly OriginAccessControlOriginType: "s3" | "mediastore" | "mediapackagev2" | "lambda";
}
