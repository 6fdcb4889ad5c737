import type {
  CacheBehaviorSettings,
  DistributionConfig,
  EventType,
  ForwardedValues,
} from "../../metadata/cdn/distribution-config.ts";
import { listBehaviors } from "../../metadata/cdn/references.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkHeaderName } from "./names.ts";

/** "General quotas on distributions", and those on legacy cache settings. */
const MAX_BEHAVIORS = 75;
const MAX_FORWARDED = 10;
const MAX_KEY_GROUPS = 4;
const MAX_PATTERN = 255;
const MAX_FUNCTIONS = 100;
/** Developer Guide, "Path pattern". */
const PATTERN = /^[A-Za-z0-9_\-.*$/~"'@:+&?%]+$/;
const METHOD_SETS: readonly string[] = ["GET,HEAD", "GET,HEAD,OPTIONS", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"];
const CACHED_METHOD_SETS = new Set(METHOD_SETS.slice(0, 2));
const LAMBDA_VERSION = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+:\d+$/;

/** @throws ServiceError where CloudFront would refuse one of the behaviours */
export function checkBehaviors(config: DistributionConfig): void {
  const { CacheBehaviors, Origins, OriginGroups } = config;
  if (CacheBehaviors.length > MAX_BEHAVIORS) throw cloudFrontError("TooManyCacheBehaviors");
  const patterns = CacheBehaviors.map(({ PathPattern }) => PathPattern);
  if (new Set(patterns).size < patterns.length)
    throw invalidArgument("The path patterns of cache behaviors must be unique.");
  for (const pattern of patterns) {
    if (!PATTERN.test(pattern) || pattern.length > MAX_PATTERN) {
      throw invalidArgument("The parameter PathPattern contains invalid characters, or is too long.");
    }
  }
  const behaviors = listBehaviors(config);
  const functions = behaviors.flatMap(({ FunctionAssociations }) => FunctionAssociations);
  if (functions.length > MAX_FUNCTIONS) throw cloudFrontError("TooManyFunctionAssociations");
  const targets = new Set([...Origins, ...OriginGroups].map(({ Id }) => Id));
  for (const behavior of behaviors) {
    if (!targets.has(behavior.TargetOriginId)) throw cloudFrontError("NoSuchOrigin");
    checkMethods(behavior);
    checkCaching(behavior);
    checkTrust(behavior);
    checkAssociations(behavior);
    checkLeftOut(behavior);
  }
}

function checkMethods({ AllowedMethods: { Items, CachedMethods } }: CacheBehaviorSettings): void {
  if (!METHOD_SETS.includes(Items.toSorted().join())) {
    throw invalidArgument("The parameter AllowedMethods must be one of the sets of methods that CloudFront knows.");
  }
  if (!CACHED_METHOD_SETS.has(CachedMethods.toSorted().join()) || !CachedMethods.every((m) => Items.includes(m))) {
    throw invalidArgument("The parameter CachedMethods must be HEAD and GET, and OPTIONS only where it is allowed.");
  }
}

function checkCaching(behavior: CacheBehaviorSettings): void {
  const { CachePolicyId, OriginRequestPolicyId, ForwardedValues: forwarded, MinTTL, DefaultTTL, MaxTTL } = behavior;
  if (CachePolicyId === undefined) {
    if (OriginRequestPolicyId !== undefined) {
      throw invalidArgument("The parameter OriginRequestPolicyId cannot be used without a cache policy.");
    }
    if (!forwarded) throw invalidArgument("The parameter ForwardedValues is required.");
    checkForwarded(forwarded);
    // Filled in by now.
    const [least = 0, usual = 0, most = 0] = [MinTTL, DefaultTTL, MaxTTL];
    if (least < 0 || least > usual || usual > most) throw cloudFrontError("InvalidTTLOrder");
    return;
  }
  const legacy = Object.entries({ ForwardedValues: forwarded, MinTTL, DefaultTTL, MaxTTL });
  const used = legacy.find(([, value]) => value !== undefined);
  if (!used) return;
  throw invalidArgument(
    `The parameter ${used[0]} cannot be used when a cache policy is associated to the cache behavior.`,
  );
}

function checkForwarded({ QueryString, Cookies, Headers, QueryStringCacheKeys }: ForwardedValues): void {
  const names = Cookies.WhitelistedNames ?? [];
  if ((Cookies.Forward === "whitelist") !== names.length > 0) throw cloudFrontError("InvalidForwardCookies");
  if (names.length > MAX_FORWARDED) throw cloudFrontError("TooManyCookieNamesInWhiteList");
  if (QueryStringCacheKeys.length > 0 && !QueryString) throw cloudFrontError("InvalidQueryStringParameters");
  if (QueryStringCacheKeys.length > MAX_FORWARDED) throw cloudFrontError("TooManyQueryStringParameters");
  if (Headers.length > MAX_FORWARDED) throw cloudFrontError("TooManyHeadersInForwardedValues");
  for (const name of Headers) if (name !== "*") checkHeaderName(name);
}

function checkTrust({ TrustedSigners, TrustedKeyGroups }: CacheBehaviorSettings): void {
  // Keys of accounts, rather than key groups: CloudFront itself advises against them.
  if (TrustedSigners.Enabled)
    throw cloudFrontError("TrustedSignerDoesNotExist", "Use trusted key groups in place of trusted signers.");
  if (TrustedKeyGroups.Enabled !== TrustedKeyGroups.Items.length > 0) {
    throw invalidArgument("The parameter TrustedKeyGroups must be enabled with key groups, and disabled without.");
  }
  if (TrustedKeyGroups.Items.length > MAX_KEY_GROUPS) throw cloudFrontError("TooManyKeyGroupsAssociatedToDistribution");
}

function checkAssociations({
  FunctionAssociations: functions,
  LambdaFunctionAssociations: lambdas,
}: CacheBehaviorSettings): void {
  const events = functions.map(({ EventType }) => EventType);
  if (!events.every(isViewerEvent) || new Set(events).size < events.length) {
    throw cloudFrontError(
      "InvalidFunctionAssociation",
      "A function runs at viewer-request or viewer-response, one at each.",
    );
  }
  const lambdaEvents = lambdas.map(({ EventType }) => EventType);
  if (new Set(lambdaEvents).size < lambdaEvents.length) {
    throw cloudFrontError("InvalidLambdaFunctionAssociation", "There is at most one function for each event type.");
  }
  for (const { LambdaFunctionARN, EventType, IncludeBody } of lambdas) {
    if (!LAMBDA_VERSION.test(LambdaFunctionARN)) {
      throw cloudFrontError(
        "InvalidLambdaFunctionAssociation",
        "The function ARN must reference a specific function version.",
      );
    }
    if (IncludeBody && !EventType.endsWith("-request")) {
      throw cloudFrontError("InvalidLambdaFunctionAssociation", "The body is included in request events only.");
    }
  }
  if (functions.length > 0 && lambdaEvents.some(isViewerEvent)) {
    throw cloudFrontError(
      "InvalidFunctionAssociation",
      "A cache behavior cannot have both CloudFront Functions and Lambda@Edge functions at viewer events.",
    );
  }
}

function isViewerEvent(event: EventType): boolean {
  return event === "viewer-request" || event === "viewer-response";
}

/** Settings that would protect or record something, and do nothing here: better refused than believed in. */
function checkLeftOut({ FieldLevelEncryptionId, RealtimeLogConfigArn }: CacheBehaviorSettings): void {
  if (FieldLevelEncryptionId !== "") throw invalidArgument("Field-level encryption is not supported.");
  if (RealtimeLogConfigArn) throw invalidArgument("Real-time logs are not supported.");
}
