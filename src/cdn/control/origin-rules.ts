import type {
  CustomOriginConfig,
  DistributionConfig,
  Origin,
  OriginGroup,
} from "../../metadata/cdn/distribution-config.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkHeaderName, checkHeaderValue } from "./names.ts";

/** "General quotas on distributions". */
const MAX_ORIGINS = 100;
const MAX_GROUPS = 10;
const MAX_CUSTOM_HEADERS = 30;
const MAX_PATH = 255;
/** API Reference, StatusCodes of an origin group. */
const FAILOVER_CODES: ReadonlySet<number> = new Set([400, 403, 404, 416, 429, 500, 502, 503, 504]);
const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
const S3_HOST = /^.+\.s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$/;
/** Headers that CloudFront sets by itself or that frame the message ("Custom headers that CloudFront can't add"). */
const NEVER_ADDED =
  /^(cache-control|connection|content-length|cookie|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|max-forwards|pragma|proxy-.*|range|request-range|te|trailer|transfer-encoding|upgrade|via|x-amz-.*|x-edge-.*|x-real-ip)$/i;

/** @throws ServiceError where CloudFront would refuse the origins or their groups */
export function checkOrigins({ Origins, OriginGroups }: DistributionConfig, domain: string): void {
  if (Origins.length === 0) throw invalidArgument("The parameter Origins must contain at least one origin.");
  if (Origins.length > MAX_ORIGINS) throw cloudFrontError("TooManyOrigins");
  if (OriginGroups.length > MAX_GROUPS) throw cloudFrontError("TooManyOriginGroupsPerDistribution");
  const ids = [...Origins, ...OriginGroups].map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) throw invalidArgument("The ids of origins and origin groups must be unique.");
  for (const origin of Origins) checkOrigin(origin, domain);
  for (const group of OriginGroups) checkGroup(group, Origins);
}

function checkOrigin(origin: Origin, domain: string): void {
  const { Id, DomainName, OriginPath, CustomHeaders, ConnectionAttempts, ConnectionTimeout } = origin;
  if (Id === "" || Id.length > 128) throw invalidArgument("The parameter Origin Id must have 1 to 128 characters.");
  if (!HOST.test(DomainName)) throw invalidArgument("The parameter origin name must be a domain name.");
  if (OriginPath !== "" && (!OriginPath.startsWith("/") || OriginPath.endsWith("/") || OriginPath.length > MAX_PATH)) {
    throw invalidArgument("The parameter OriginPath must begin with a slash and not end with one.");
  }
  if (CustomHeaders.length > MAX_CUSTOM_HEADERS) throw cloudFrontError("TooManyOriginCustomHeaders");
  for (const { HeaderName, HeaderValue } of CustomHeaders) {
    checkHeaderName(HeaderName);
    checkHeaderValue(HeaderValue);
    if (NEVER_ADDED.test(HeaderName)) {
      throw invalidArgument(`The parameter HeaderName contains ${HeaderName} that is not allowed.`);
    }
  }
  checkRange("ConnectionAttempts", ConnectionAttempts, 1, 3);
  checkRange("ConnectionTimeout", ConnectionTimeout, 1, 10);
  checkKind(origin, domain);
}

/** An origin is S3's or custom; what access it is given must suit that. */
function checkKind(origin: Origin, domain: string): void {
  const { DomainName, S3OriginConfig, CustomOriginConfig: custom, OriginAccessControlId } = origin;
  if ((S3OriginConfig === undefined) === (custom === undefined)) {
    throw invalidArgument("The parameter Origin must have either S3OriginConfig or CustomOriginConfig.");
  }
  if (custom) return checkCustomOrigin(custom);
  const host = DomainName.toLowerCase();
  if (!S3_HOST.test(host) && !host.endsWith(`.s3.${domain}`)) {
    throw invalidArgument("The parameter Origin DomainName does not refer to a valid S3 bucket.");
  }
  const identity = S3OriginConfig?.OriginAccessIdentity ?? "";
  if (identity !== "" && !/^origin-access-identity\/cloudfront\/[A-Z0-9]+$/.test(identity)) {
    throw cloudFrontError("InvalidOriginAccessIdentity");
  }
  if (identity !== "" && OriginAccessControlId !== "") throw cloudFrontError("IllegalOriginAccessConfiguration");
}

function checkCustomOrigin({
  HTTPPort,
  HTTPSPort,
  OriginReadTimeout,
  OriginKeepaliveTimeout,
}: CustomOriginConfig): void {
  for (const port of [HTTPPort, HTTPSPort]) {
    if (port === 80 || port === 443 || (port >= 1024 && port <= 65_535)) continue;
    throw invalidArgument("The ports of an origin must be 80, 443, or 1024 to 65535.");
  }
  if (OriginReadTimeout < 1 || OriginReadTimeout > 180) throw cloudFrontError("InvalidOriginReadTimeout");
  if (OriginKeepaliveTimeout < 1 || OriginKeepaliveTimeout > 180)
    throw cloudFrontError("InvalidOriginKeepaliveTimeout");
}

function checkGroup({ Members, FailoverCriteria: { StatusCodes } }: OriginGroup, origins: readonly Origin[]): void {
  const [primary, secondary] = Members;
  if (!primary || !secondary || Members.length > 2 || primary.OriginId === secondary.OriginId) {
    throw invalidArgument("The parameter Members of an origin group must name two origins.");
  }
  if (!Members.every(({ OriginId }) => origins.some(({ Id }) => Id === OriginId)))
    throw cloudFrontError("NoSuchOrigin");
  if (StatusCodes.length === 0 || !StatusCodes.every((code) => FAILOVER_CODES.has(code))) {
    throw invalidArgument(`The parameter StatusCodes must be among ${[...FAILOVER_CODES].join(", ")}.`);
  }
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value < least || value > most) throw invalidArgument(`The parameter ${name} must be from ${least} to ${most}.`);
}
