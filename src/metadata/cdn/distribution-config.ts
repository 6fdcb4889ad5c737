/**
 * CloudFront's DistributionConfig (API 2020-05-31) with AWS's own member names. A list stands where AWS wraps
 * one in `{Quantity, Items}`; where such a wrapper has further members, it stays and its list is `Items`.
 *
 * These are configurations as they are kept: whatever CloudFront fills in, when it is left out, is there.
 * Optional members are those that CloudFront leaves out of its answers too. Times are in seconds.
 */
export interface DistributionConfig {
  readonly CallerReference: string;
  /** Hosts, lower case; `*.example.com` is every host with one or more labels before the rest. */
  readonly Aliases: readonly string[];
  /** Key below the root, without leading slash; empty for none. */
  readonly DefaultRootObject: string;
  readonly Origins: readonly Origin[];
  readonly OriginGroups: readonly OriginGroup[];
  readonly DefaultCacheBehavior: CacheBehaviorSettings;
  /** In order of precedence. */
  readonly CacheBehaviors: readonly CacheBehavior[];
  readonly CustomErrorResponses: readonly CustomErrorResponse[];
  readonly Comment: string;
  readonly Logging: LoggingConfig;
  readonly Enabled: boolean;
  readonly Restrictions: { readonly GeoRestriction: GeoRestriction };
  /** Which header of an origin's answer carries its cache tags. */
  readonly CacheTagConfig?: { readonly HeaderName: string };
  // What follows is stored and returned, and changes nothing here.
  readonly PriceClass: string;
  readonly ViewerCertificate: ViewerCertificate;
  readonly WebACLId: string;
  readonly HttpVersion: string;
  readonly IsIPV6Enabled: boolean;
  readonly ContinuousDeploymentPolicyId: string;
  readonly Staging: boolean;
  readonly AnycastIpListId?: string;
}

export interface Origin {
  readonly Id: string;
  readonly DomainName: string;
  /** Empty, or `/prefix` without a slash at its end. */
  readonly OriginPath: string;
  readonly CustomHeaders: readonly OriginCustomHeader[];
  /** An S3 origin; never together with `CustomOriginConfig`. */
  readonly S3OriginConfig?: S3OriginConfig;
  readonly CustomOriginConfig?: CustomOriginConfig;
  /** 1 to 3. */
  readonly ConnectionAttempts: number;
  /** 1 to 10. */
  readonly ConnectionTimeout: number;
  readonly ResponseCompletionTimeout?: number;
  readonly OriginShield: OriginShield;
  /** Empty for none. */
  readonly OriginAccessControlId: string;
}

export interface OriginCustomHeader {
  readonly HeaderName: string;
  readonly HeaderValue: string;
}

export interface S3OriginConfig {
  /** `origin-access-identity/cloudfront/<id>`, or empty. */
  readonly OriginAccessIdentity: string;
  readonly OriginReadTimeout: number;
}

export interface CustomOriginConfig {
  readonly HTTPPort: number;
  readonly HTTPSPort: number;
  readonly OriginProtocolPolicy: "http-only" | "match-viewer" | "https-only";
  readonly OriginSslProtocols: readonly string[];
  readonly OriginReadTimeout: number;
  readonly OriginKeepaliveTimeout: number;
  readonly IpAddressType?: string;
}

export interface OriginShield {
  readonly Enabled: boolean;
  readonly OriginShieldRegion?: string;
}

export interface OriginGroup {
  readonly Id: string;
  readonly FailoverCriteria: { readonly StatusCodes: readonly number[] };
  /** Two: the primary, then the secondary. */
  readonly Members: readonly { readonly OriginId: string }[];
  readonly SelectionCriteria?: string;
}

/** What the default behaviour and those of path patterns have in common. */
export interface CacheBehaviorSettings {
  /** The id of an origin or of an origin group. */
  readonly TargetOriginId: string;
  readonly TrustedSigners: TrustedList;
  /** Ids of key groups. */
  readonly TrustedKeyGroups: TrustedList;
  readonly ViewerProtocolPolicy: "allow-all" | "https-only" | "redirect-to-https";
  readonly AllowedMethods: { readonly Items: readonly string[]; readonly CachedMethods: readonly string[] };
  readonly SmoothStreaming: boolean;
  readonly Compress: boolean;
  readonly LambdaFunctionAssociations: readonly LambdaFunctionAssociation[];
  readonly FunctionAssociations: readonly FunctionAssociation[];
  readonly FieldLevelEncryptionId: string;
  readonly RealtimeLogConfigArn?: string;
  readonly GrpcConfig: { readonly Enabled: boolean };
  /** Either a policy, or the legacy `ForwardedValues` with the TTLs of the behaviour itself. */
  readonly CachePolicyId?: string;
  readonly OriginRequestPolicyId?: string;
  readonly ResponseHeadersPolicyId?: string;
  readonly ForwardedValues?: ForwardedValues;
  readonly MinTTL?: number;
  readonly DefaultTTL?: number;
  readonly MaxTTL?: number;
}

export interface CacheBehavior extends CacheBehaviorSettings {
  /** `*` for any characters, `?` for one; with or without a leading slash. */
  readonly PathPattern: string;
}

export interface TrustedList {
  readonly Enabled: boolean;
  readonly Items: readonly string[];
}

export type EventType = "viewer-request" | "viewer-response" | "origin-request" | "origin-response";

export interface LambdaFunctionAssociation {
  /** With the number of a version. */
  readonly LambdaFunctionARN: string;
  readonly EventType: EventType;
  readonly IncludeBody: boolean;
}

export interface FunctionAssociation {
  readonly FunctionARN: string;
  readonly EventType: EventType;
}

/** Cache key and origin request of a behaviour without policies. */
export interface ForwardedValues {
  readonly QueryString: boolean;
  readonly Cookies: {
    readonly Forward: "none" | "whitelist" | "all";
    readonly WhitelistedNames?: readonly string[];
  };
  /** `["*"]` is all of them, which caches nothing. */
  readonly Headers: readonly string[];
  readonly QueryStringCacheKeys: readonly string[];
}

export interface CustomErrorResponse {
  readonly ErrorCode: number;
  /** Empty, as `ResponseCode`, where only the time counts. */
  readonly ResponsePagePath: string;
  readonly ResponseCode: string;
  readonly ErrorCachingMinTTL: number;
}

export interface LoggingConfig {
  readonly Enabled: boolean;
  readonly IncludeCookies: boolean;
  /** `<bucket>.s3.amazonaws.com` */
  readonly Bucket: string;
  readonly Prefix: string;
}

export interface GeoRestriction {
  readonly RestrictionType: "blacklist" | "whitelist" | "none";
  /** Countries of ISO 3166-1 alpha-2, upper case. */
  readonly Items: readonly string[];
}

export interface ViewerCertificate {
  readonly CloudFrontDefaultCertificate: boolean;
  readonly IAMCertificateId?: string;
  readonly ACMCertificateArn?: string;
  readonly SSLSupportMethod?: string;
  readonly MinimumProtocolVersion?: string;
  readonly Certificate?: string;
  readonly CertificateSource?: string;
}
