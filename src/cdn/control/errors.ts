import { ServiceError } from "../../lib/errors.ts";

/**
 * CloudFront's errors: status and message (CloudFront API Reference, "Errors" of each operation, and "Common
 * Errors"). The gateway renders them in XML with whose fault it is.
 */
const CATALOGUE = {
  AccessDenied: [403, "Access denied."],
  BatchTooLarge: [413, "Your request contains more objects than are allowed in an invalidation batch."],
  CNAMEAlreadyExists: [409, "One or more of the CNAMEs you provided are already associated with a different resource."],
  CannotChangeImmutablePublicKeyFields: [400, "You can't change the value of a public key."],
  CachePolicyAlreadyExists: [409, "A cache policy with the same name already exists."],
  CachePolicyInUse: [409, "The cache policy is attached to one or more distributions."],
  CloudFrontOriginAccessIdentityAlreadyExists: [
    409,
    "The caller reference that you are using to create an origin access identity is associated with another origin access identity.",
  ],
  CloudFrontOriginAccessIdentityInUse: [409, "The CloudFront origin access identity is still being used."],
  DistributionAlreadyExists: [
    409,
    "The caller reference that you are using to create a distribution is associated with another distribution.",
  ],
  DistributionNotDisabled: [409, "The distribution you are trying to delete has not been disabled."],
  FunctionAlreadyExists: [409, "A function with the same name already exists."],
  FunctionInUse: [409, "The function is associated with one or more distributions."],
  FunctionSizeLimitExceeded: [413, "The function code is longer than 10,240 bytes."],
  IllegalDelete: [400, "Managed policies cannot be deleted."],
  IllegalOriginAccessConfiguration: [
    400,
    "An origin cannot have both an origin access control and an origin access identity.",
  ],
  IllegalUpdate: [400, "The update contains modifications that are not allowed."],
  InconsistentQuantities: [400, "The value of Quantity and the size of Items don't match."],
  InternalError: [500, "An internal error occurred."],
  InvalidArgument: [400, "An argument is invalid."],
  InvalidDefaultRootObject: [400, "The default root object file name is too big or contains an invalid character."],
  InvalidDomainNameForOriginAccessControl: [
    400,
    "An origin access control is associated with an origin whose domain name is not supported.",
  ],
  InvalidErrorCode: [400, "An invalid error code was specified."],
  InvalidForwardCookies: [
    400,
    "Your request contains forward cookies option which doesn't match with the expectation for the whitelisted list of cookie names.",
  ],
  InvalidFunctionAssociation: [400, "A CloudFront function association is invalid."],
  InvalidGeoRestrictionParameter: [400, "The specified geo restriction parameter is not valid."],
  InvalidIfMatchVersion: [400, "The If-Match version is missing or not valid for the resource."],
  InvalidLambdaFunctionAssociation: [400, "The specified Lambda@Edge function association is invalid."],
  InvalidLocationCode: [400, "The location code specified is not valid."],
  InvalidOriginAccessControl: [400, "The origin access control is not valid."],
  InvalidOriginAccessIdentity: [400, "The specified origin access identity does not exist or is not valid."],
  InvalidOriginKeepaliveTimeout: [400, "The keep alive timeout specified for the origin is not valid."],
  InvalidOriginReadTimeout: [400, "The read timeout specified for the origin is not valid."],
  InvalidQueryStringParameters: [400, "The query string parameters specified are not valid."],
  InvalidRelativePath: [400, "The relative path is too big, is not URL-encoded, or does not begin with a slash (/)."],
  InvalidResponseCode: [400, "A response code is not valid."],
  InvalidTTLOrder: [400, "The TTL order specified is not valid."],
  InvalidTagging: [400, "The tagging specified is not valid."],
  InvalidViewerCertificate: [400, "A viewer certificate specified is not valid."],
  InvalidAction: [404, "CloudFront has no such operation."],
  KeyGroupAlreadyExists: [409, "A key group with the same name already exists."],
  MalformedXML: [400, "The XML document is malformed."],
  MissingBody: [400, "This operation requires a body."],
  NoSuchCachePolicy: [404, "The cache policy does not exist."],
  NoSuchCloudFrontOriginAccessIdentity: [404, "The specified origin access identity does not exist."],
  NoSuchDistribution: [404, "The specified distribution does not exist."],
  NoSuchFunctionExists: [404, "The specified function does not exist."],
  NoSuchInvalidation: [404, "The specified invalidation does not exist."],
  NoSuchOrigin: [404, "One or more of your origins or origin groups do not exist."],
  NoSuchOriginAccessControl: [404, "The specified origin access control does not exist."],
  NoSuchOriginRequestPolicy: [404, "The origin request policy does not exist."],
  NoSuchPublicKey: [404, "The specified public key does not exist."],
  NoSuchResource: [404, "The specified resource does not exist."],
  NoSuchResponseHeadersPolicy: [404, "The response headers policy does not exist."],
  NotImplemented: [501, "This operation is not implemented."],
  OriginAccessControlAlreadyExists: [409, "An origin access control with the same name already exists."],
  OriginAccessControlInUse: [409, "The origin access control is still being used."],
  OriginRequestPolicyAlreadyExists: [409, "An origin request policy with the same name already exists."],
  OriginRequestPolicyInUse: [409, "The origin request policy is attached to one or more distributions."],
  PreconditionFailed: [
    412,
    "The request failed because it didn't meet the preconditions in one or more request-header fields.",
  ],
  PublicKeyAlreadyExists: [409, "A public key with the same name already exists."],
  PublicKeyInUse: [409, "The specified public key is in use."],
  RequestEntityTooLarge: [413, "The request body is too large."],
  ResourceInUse: [409, "The specified resource is in use."],
  ResponseHeadersPolicyAlreadyExists: [409, "A response headers policy with the same name already exists."],
  ResponseHeadersPolicyInUse: [409, "The response headers policy is attached to one or more distributions."],
  TooLongCSPInResponseHeadersPolicy: [400, "The Content-Security-Policy is longer than 1,783 characters."],
  TooManyCacheBehaviors: [400, "You cannot create more cache behaviors for the distribution."],
  TooManyCachePolicies: [400, "You have reached the maximum number of cache policies."],
  TooManyCloudFrontOriginAccessIdentities: [400, "You have reached the maximum number of origin access identities."],
  TooManyCookieNamesInWhiteList: [400, "Your request contains more cookie names than are allowed per cache behavior."],
  TooManyCookiesInCachePolicy: [400, "The number of cookies in the cache policy exceeds the maximum."],
  TooManyCookiesInOriginRequestPolicy: [400, "The number of cookies in the origin request policy exceeds the maximum."],
  TooManyCustomHeadersInResponseHeadersPolicy: [
    400,
    "The number of custom headers in the response headers policy exceeds the maximum.",
  ],
  TooManyDistributionCNAMEs: [400, "Your request contains more CNAMEs than are allowed per distribution."],
  TooManyDistributions: [400, "Processing your request would exceed the maximum number of distributions."],
  TooManyFunctionAssociations: [
    400,
    "You have reached the maximum number of CloudFront function associations for this distribution.",
  ],
  TooManyFunctions: [400, "You have reached the maximum number of CloudFront functions."],
  TooManyHeadersInCachePolicy: [400, "The number of headers in the cache policy exceeds the maximum."],
  TooManyHeadersInForwardedValues: [400, "Your request contains too many headers in forwarded values."],
  TooManyHeadersInOriginRequestPolicy: [400, "The number of headers in the origin request policy exceeds the maximum."],
  TooManyKeyGroups: [400, "You have reached the maximum number of key groups."],
  TooManyKeyGroupsAssociatedToDistribution: [
    400,
    "The number of key groups referenced by this distribution is more than the maximum allowed.",
  ],
  TooManyLambdaFunctionAssociations: [
    400,
    "Your request contains more Lambda@Edge function associations than are allowed per distribution.",
  ],
  TooManyOriginAccessControls: [400, "You have reached the maximum number of origin access controls."],
  TooManyOriginCustomHeaders: [400, "Your request contains too many origin custom headers."],
  TooManyOriginGroupsPerDistribution: [
    400,
    "Processing your request would exceed the maximum number of origin groups allowed.",
  ],
  TooManyOriginRequestPolicies: [400, "You have reached the maximum number of origin request policies."],
  TooManyOrigins: [400, "You cannot create more origins for the distribution."],
  TooManyPublicKeys: [400, "You have reached the maximum number of public keys."],
  TooManyPublicKeysInKeyGroup: [400, "The number of public keys in this key group is more than the maximum allowed."],
  TooManyQueryStringParameters: [400, "Your request contains too many query string parameters."],
  TooManyQueryStringsInCachePolicy: [400, "The number of query strings in the cache policy exceeds the maximum."],
  TooManyQueryStringsInOriginRequestPolicy: [
    400,
    "The number of query strings in the origin request policy exceeds the maximum.",
  ],
  TooManyRemoveHeadersInResponseHeadersPolicy: [
    400,
    "The number of headers to remove in the response headers policy exceeds the maximum.",
  ],
  TooManyResponseHeadersPolicies: [400, "You have reached the maximum number of response headers policies."],
  TooManyTrustedSigners: [400, "Your request contains more trusted signers than are allowed per distribution."],
  TrustedKeyGroupDoesNotExist: [400, "The specified key group does not exist."],
  TrustedSignerDoesNotExist: [400, "One or more of your trusted signers do not exist."],
  UnsupportedOperation: [400, "This operation is not supported."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type CloudFrontErrorCode = keyof typeof CATALOGUE;

export function cloudFrontError(code: CloudFrontErrorCode, message: string = CATALOGUE[code][1]): ServiceError {
  return new ServiceError(code, CATALOGUE[code][0], message);
}

export function invalidArgument(message: string): ServiceError {
  return cloudFrontError("InvalidArgument", message);
}

/** A member that its shape does not allow. `value` in quotes, or null. */
export function constraintViolated(value: string, path: string, constraint: string): ServiceError {
  return cloudFrontError(
    "MalformedXML",
    `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: ${constraint}`,
  );
}
