import { ServiceError } from "../lib/errors.ts";

/**
 * S3's error codes with their status and wording.
 * Source: Amazon S3 API Reference, "Error responses".
 */
const CATALOGUE = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access Denied"],
  AccessForbidden: [403, "CORSResponse: This CORS request is not allowed."],
  AuthorizationHeaderMalformed: [400, "The authorization header that you provided is not valid."],
  BadDigest: [400, "The Content-MD5 you specified did not match what we received."],
  BadRequest: [400, "Bad Request"],
  BucketAlreadyExists: [
    409,
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
  ],
  BucketAlreadyOwnedByYou: [409, "Your previous request to create the named bucket succeeded and you already own it."],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed size"],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size"],
  IllegalVersioningConfigurationException: [400, "The Versioning element must be specified"],
  IdMismatch: [400, "Document ID does not match the specified configuration ID."],
  IllegalLocationConstraintException: [
    400,
    "The specified location constraint is incompatible for the region specific endpoint this request was sent to.",
  ],
  IncompleteBody: [400, "You did not provide the number of bytes specified by the Content-Length HTTP header"],
  InternalError: [500, "We encountered an internal error. Please try again."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  ],
  InvalidBucketAclWithBlockPublicAccessError: [
    400,
    "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
  ],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidBucketState: [409, "The request is not valid with the current state of the bucket."],
  InvalidDigest: [400, "The Content-MD5 you specified was invalid."],
  InvalidEncryptionAlgorithmError: [400, "The Encryption request you specified is not valid. Supported value: AES256."],
  InvalidLocationConstraint: [400, "The specified location-constraint is not valid"],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartOrder: [400, "The list of parts was not in ascending order. Parts must be ordered by part number."],
  InvalidPolicyDocument: [
    400,
    "The content of the form does not meet the conditions specified in the policy document.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidRetentionPeriod: [400, "Default retention period must be a positive integer value."],
  InvalidS3DestinationBucket: [400, "Invalid bucket ARN."],
  InvalidStorageClass: [400, "The storage class you specified is not valid"],
  InvalidTag: [400, "The tag provided was not a valid tag."],
  InvalidTargetBucketForLogging: [400, "The target bucket for logging does not exist"],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  "KMS.DisabledException": [400, "The request was rejected because the specified KMS key is not enabled."],
  "KMS.InvalidCiphertextException": [400, "The data key of the object cannot be decrypted."],
  "KMS.KMSInvalidStateException": [400, "The state of the specified KMS key is not valid for this request."],
  "KMS.NotFoundException": [400, "The specified KMS key was not found."],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedACLError: [400, "The XML you provided was not well-formed or did not validate against our published schema"],
  MalformedPOSTRequest: [400, "The body of your POST request is not well-formed multipart/form-data."],
  MalformedPolicy: [400, "Policy document is not valid."],
  MalformedXML: [400, "The XML you provided was not well-formed or did not validate against our published schema"],
  MaxMessageLengthExceeded: [400, "Your request was too big."],
  MaxPostPreDataLengthExceeded: [400, "Your POST request fields preceeding the upload file was too large."],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size"],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  MissingSecurityHeader: [400, "Your request was missing a required header"],
  MissingRequestBodyError: [400, "Request Body is empty"],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
  NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
  NoSuchConfiguration: [404, "The specified configuration does not exist."],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchLifecycleConfiguration: [404, "The lifecycle configuration does not exist"],
  NoSuchObjectLockConfiguration: [404, "The specified object does not have a ObjectLock configuration"],
  NoSuchPublicAccessBlockConfiguration: [404, "The public access block configuration was not found"],
  NoSuchTagSet: [404, "The TagSet does not exist"],
  NoSuchUpload: [
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NoSuchVersion: [404, "The specified version does not exist."],
  NoSuchWebsiteConfiguration: [404, "The specified bucket does not have a website configuration"],
  NotModified: [304, "Not Modified"],
  NotImplemented: [501, "A header you provided implies functionality that is not implemented"],
  ObjectLockConfigurationNotFoundError: [404, "Object Lock configuration does not exist for this bucket"],
  OperationAborted: [
    409,
    "A conflicting conditional operation is currently in progress against this resource. Please try again.",
  ],
  OwnershipControlsNotFoundError: [404, "The bucket ownership controls were not found"],
  PolicyTooLarge: [400, "The policy is too large."],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  ReplicationConfigurationNotFoundError: [404, "The replication configuration was not found"],
  RequestHeaderSectionTooLarge: [400, "Your request header section exceeds the maximum allowed size."],
  RequestTimeout: [
    400,
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
  ],
  ServerSideEncryptionConfigurationNotFoundError: [404, "The server side encryption configuration was not found"],
  ServiceUnavailable: [503, "Service is unable to handle request."],
  SlowDown: [503, "Please reduce your request rate."],
  TooManyConfigurations: [400, "You are attempting to create a new configuration but have already reached the limit."],
  TooManyBuckets: [400, "You have attempted to create more buckets than allowed"],
  UnexpectedContent: [400, "This request contains unsupported content."],
  UnresolvableGrantByEmailAddress: [400, "The e-mail address you provided does not match any account on record."],
} as const satisfies Record<string, readonly [number, string]>;

export type S3ErrorCode = keyof typeof CATALOGUE;

/** Builds an S3 error; `message` replaces the catalogue's wording where S3 is more specific. */
export function s3Error(
  code: S3ErrorCode,
  options: { message?: string; detail?: Record<string, string>; headers?: Record<string, string> } = {},
): ServiceError {
  const [status, wording] = CATALOGUE[code];
  return new ServiceError(code, status, options.message ?? wording, options.detail, options.headers);
}

/** InvalidArgument with the name and value that S3 repeats in its answer. */
export function invalidArgument(message: string, name: string, value: string): ServiceError {
  return s3Error("InvalidArgument", { message, detail: { ArgumentName: name, ArgumentValue: value } });
}

/** A header whose feature this deployment does not offer; S3 names it in the answer. */
export function notImplementedHeader(name: string): ServiceError {
  return s3Error("NotImplemented", { detail: { Header: name } });
}
