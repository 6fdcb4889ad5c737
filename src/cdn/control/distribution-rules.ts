import type {
  CustomErrorResponse,
  DistributionConfig,
  GeoRestriction,
} from "../../metadata/cdn/distribution-config.ts";
import { resolveOrigin } from "../origin/origin-address.ts";
import { type AliasRights, checkAliases } from "./alias-rules.ts";
import { checkBehaviors } from "./behavior-rules.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkHeaderName } from "./names.ts";
import { checkOrigins } from "./origin-rules.ts";

const MAX_CALLER_REFERENCE = 128;
const MAX_ROOT_OBJECT = 255;
/** API Reference, CustomErrorResponse. */
const ERROR_CODES: ReadonlySet<number> = new Set([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]);
const RESPONSE_CODES: ReadonlySet<string> = new Set(["200", ...Array.from(ERROR_CODES, String)]);
/** RFC 3986: what a path may contain. */
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/;

/** Characters of the JSON: a snapshot, functions and policies included, is one row of at most 2 MB. */
const MAX_CONFIG = 512 * 1024;
/** @throws ServiceError where CloudFront would refuse the configuration */
export function checkDistribution(config: DistributionConfig, rights: AliasRights): void {
  const { CallerReference, DefaultRootObject: root, Logging, Staging, CacheTagConfig } = config;
  if (CallerReference === "" || CallerReference.length > MAX_CALLER_REFERENCE) {
    throw invalidArgument(`The parameter CallerReference must have 1 to ${MAX_CALLER_REFERENCE} characters.`);
  }
  if (root !== "" && (root.length > MAX_ROOT_OBJECT || !PATH.test(`/${root}`) || root.startsWith("/"))) {
    throw cloudFrontError("InvalidDefaultRootObject");
  }
  if (Logging.Enabled && resolveOrigin({ DomainName: Logging.Bucket }, rights.domain).kind !== "bucket") {
    throw invalidArgument("The parameter Logging Bucket does not refer to a valid S3 bucket.");
  }
  if (Staging) throw invalidArgument("Staging distributions are not supported.");
  if (CacheTagConfig) checkHeaderName(CacheTagConfig.HeaderName);
  if (JSON.stringify(config).length > MAX_CONFIG) throw invalidArgument("The configuration is too large.");
  checkAliases(config.Aliases, rights);
  checkOrigins(config, rights.domain);
  checkBehaviors(config);
  checkErrors(config.CustomErrorResponses);
  checkGeoRestriction(config.Restrictions.GeoRestriction);
}

function checkErrors(responses: readonly CustomErrorResponse[]): void {
  const codes = responses.map(({ ErrorCode }) => ErrorCode);
  if (!codes.every((code) => ERROR_CODES.has(code))) throw cloudFrontError("InvalidErrorCode");
  if (new Set(codes).size < codes.length) throw invalidArgument("There is at most one response for each error code.");
  for (const { ResponseCode, ResponsePagePath, ErrorCachingMinTTL } of responses) {
    if ((ResponseCode === "") !== (ResponsePagePath === "")) {
      throw invalidArgument("The parameters ResponseCode and ResponsePagePath come together.");
    }
    if (ResponseCode !== "" && !RESPONSE_CODES.has(ResponseCode)) throw cloudFrontError("InvalidResponseCode");
    if (ResponsePagePath !== "" && !PATH.test(ResponsePagePath)) throw cloudFrontError("InvalidRelativePath");
    if (ErrorCachingMinTTL < 0) throw invalidArgument("The parameter ErrorCachingMinTTL is too small.");
  }
}

function checkGeoRestriction({ RestrictionType, Items }: GeoRestriction): void {
  if ((RestrictionType === "none") !== (Items.length === 0)) throw cloudFrontError("InvalidGeoRestrictionParameter");
  if (!Items.every((location) => /^[A-Z]{2}$/.test(location))) throw cloudFrontError("InvalidLocationCode");
}
