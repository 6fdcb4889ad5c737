import { anyone, type Operation } from "../lib/operation.ts";
import { getBucketAcl, putBucketAcl } from "./acl/bucket-acl.ts";
import { getObjectAcl, putObjectAcl } from "./acl/object-acl.ts";
import { getBucketLocation } from "./bucket-location.ts";
import { createBucket, createBucketAccess, deleteBucket, headBucket } from "./buckets.ts";
import type { S3Call, S3Result } from "./call.ts";
import { getBucketAccelerateConfiguration, putBucketAccelerateConfiguration } from "./config/accelerate.ts";
import { deleteBucketCors, getBucketCors, putBucketCors } from "./config/cors.ts";
import { deleteBucketEncryption, getBucketEncryption, putBucketEncryption } from "./config/encryption.ts";
import { getBucketNotification, putBucketNotification } from "./config/notification.ts";
import { deleteBucketLifecycle, getBucketLifecycleConfiguration, putBucketLifecycleConfiguration } from "./config/lifecycle.ts";
import { numberedConfigurations } from "./config/numbered.ts";
import { getBucketLogging, putBucketLogging } from "./config/logging.ts";
import { getObjectLockConfiguration, putObjectLockConfiguration } from "./config/object-lock.ts";
import { deleteBucketOwnershipControls, getBucketOwnershipControls, putBucketOwnershipControls } from "./config/ownership-controls.ts";
import { deleteBucketPolicy, getBucketPolicy, getBucketPolicyStatus, putBucketPolicy } from "./config/policy.ts";
import { deletePublicAccessBlock, getPublicAccessBlock, putPublicAccessBlock } from "./config/public-access-block.ts";
import { deleteBucketReplication, getBucketReplication, putBucketReplication } from "./config/replication.ts";
import { getBucketRequestPayment, putBucketRequestPayment } from "./config/request-payment.ts";
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from "./config/tagging.ts";
import { getBucketVersioning, putBucketVersioning } from "./config/versioning.ts";
import { deleteBucketWebsite, getBucketWebsite, putBucketWebsite } from "./config/website.ts";
import { copyObject, renameAccess, renameObject } from "./copy-object.ts";
import { copyAccess } from "./copy-source.ts";
import { deleteAccess, deleteManyAccess, deleteObject, deleteObjects } from "./delete-objects.ts";
import { getObject, headObject } from "./get-object.ts";
import { listBuckets } from "./list-buckets.ts";
import { listObjects, listObjectsV2 } from "./list-objects.ts";
import { listObjectVersions } from "./list-versions.ts";
import { abortMultipartUpload } from "./multipart/abort-upload.ts";
import { completeMultipartUpload } from "./multipart/complete-upload.ts";
import { createMultipartUpload } from "./multipart/create-upload.ts";
import { listParts } from "./multipart/list-parts.ts";
import { listMultipartUploads } from "./multipart/list-uploads.ts";
import { uploadPartCopy } from "./multipart/upload-part-copy.ts";
import { uploadPart } from "./multipart/upload-part.ts";
import { getObjectAttributes } from "./object-attributes.ts";
import { getObjectLegalHold, getObjectRetention, putObjectLegalHold, putObjectRetention, retentionAccess } from "./object-lock.ts";
import { postObject } from "./post-object/post-object.ts";
import { deleteObjectTagging, getObjectTagging, objectTaggingAccess, putObjectTagging } from "./object-tagging.ts";
import { preflight } from "./preflight.ts";
import { putObject } from "./put-object.ts";
import { restoreObject } from "./restore-object.ts";
import { subResourceDefaults } from "./sub-resource-defaults.ts";
import { writeAccess } from "./tags.ts";
import { versionAccess } from "./version-ids.ts";
import { unsupportedOperations } from "./unsupported.ts";

type S3Operation = Operation<S3Call, S3Result>;

const BUCKET = "/{Bucket}";
const OBJECT = "/{Bucket}/{Key+}";

const objectAclAccess = (verb: "Get" | "Put") => versionAccess(`s3:${verb}ObjectAcl`, `s3:${verb}ObjectVersionAcl`);
const readAttributesAccess = versionAccess("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes");
const readObjectAccess = versionAccess("s3:GetObject", "s3:GetObjectVersion");

/**
 * Every operation of S3: what selects it, who may call it, what runs. The most specific row wins.
 * Paths, parameters and actions: Amazon S3 API Reference; Service Authorization Reference.
 */
export const s3Operations: readonly S3Operation[] = [
  { name: "ListBuckets", method: "GET", path: "/", access: "s3:ListAllMyBuckets", handle: listBuckets },

  { name: "CreateBucket", method: "PUT", path: BUCKET, access: createBucketAccess, handle: createBucket },
  { name: "HeadBucket", method: "HEAD", path: BUCKET, access: "s3:ListBucket", handle: headBucket },
  { name: "DeleteBucket", method: "DELETE", path: BUCKET, access: "s3:DeleteBucket", handle: deleteBucket },
  { name: "GetBucketLocation", method: "GET", path: BUCKET, query: { location: true }, access: "s3:GetBucketLocation", handle: getBucketLocation },
  { name: "GetBucketVersioning", method: "GET", path: BUCKET, query: { versioning: true }, access: "s3:GetBucketVersioning", handle: getBucketVersioning },
  { name: "PutBucketVersioning", method: "PUT", path: BUCKET, query: { versioning: true }, access: "s3:PutBucketVersioning", handle: putBucketVersioning },
  { name: "GetObjectLockConfiguration", method: "GET", path: BUCKET, query: { "object-lock": true }, access: "s3:GetBucketObjectLockConfiguration", handle: getObjectLockConfiguration },
  { name: "PutObjectLockConfiguration", method: "PUT", path: BUCKET, query: { "object-lock": true }, access: "s3:PutBucketObjectLockConfiguration", handle: putObjectLockConfiguration },

  { name: "PutBucketLifecycleConfiguration", method: "PUT", path: BUCKET, query: { lifecycle: true }, access: "s3:PutLifecycleConfiguration", handle: putBucketLifecycleConfiguration },
  { name: "GetBucketLifecycleConfiguration", method: "GET", path: BUCKET, query: { lifecycle: true }, access: "s3:GetLifecycleConfiguration", handle: getBucketLifecycleConfiguration },
  { name: "DeleteBucketLifecycle", method: "DELETE", path: BUCKET, query: { lifecycle: true }, access: "s3:PutLifecycleConfiguration", handle: deleteBucketLifecycle },

  { name: "PutBucketReplication", method: "PUT", path: BUCKET, query: { replication: true }, access: "s3:PutReplicationConfiguration", handle: putBucketReplication },
  { name: "GetBucketReplication", method: "GET", path: BUCKET, query: { replication: true }, access: "s3:GetReplicationConfiguration", handle: getBucketReplication },
  { name: "DeleteBucketReplication", method: "DELETE", path: BUCKET, query: { replication: true }, access: "s3:PutReplicationConfiguration", handle: deleteBucketReplication },

  { name: "PutBucketTagging", method: "PUT", path: BUCKET, query: { tagging: true }, access: "s3:PutBucketTagging", handle: putBucketTagging },
  { name: "GetBucketTagging", method: "GET", path: BUCKET, query: { tagging: true }, access: "s3:GetBucketTagging", handle: getBucketTagging },
  { name: "DeleteBucketTagging", method: "DELETE", path: BUCKET, query: { tagging: true }, access: "s3:PutBucketTagging", handle: deleteBucketTagging },
  { name: "PutBucketCors", method: "PUT", path: BUCKET, query: { cors: true }, access: "s3:PutBucketCORS", handle: putBucketCors },
  { name: "GetBucketCors", method: "GET", path: BUCKET, query: { cors: true }, access: "s3:GetBucketCORS", handle: getBucketCors },
  { name: "DeleteBucketCors", method: "DELETE", path: BUCKET, query: { cors: true }, access: "s3:PutBucketCORS", handle: deleteBucketCors },
  { name: "PutBucketEncryption", method: "PUT", path: BUCKET, query: { encryption: true }, access: "s3:PutEncryptionConfiguration", handle: putBucketEncryption },
  { name: "GetBucketEncryption", method: "GET", path: BUCKET, query: { encryption: true }, access: "s3:GetEncryptionConfiguration", handle: getBucketEncryption },
  { name: "DeleteBucketEncryption", method: "DELETE", path: BUCKET, query: { encryption: true }, access: "s3:PutEncryptionConfiguration", handle: deleteBucketEncryption },
  { name: "PutPublicAccessBlock", method: "PUT", path: BUCKET, query: { publicAccessBlock: true }, access: "s3:PutBucketPublicAccessBlock", handle: putPublicAccessBlock },
  { name: "GetPublicAccessBlock", method: "GET", path: BUCKET, query: { publicAccessBlock: true }, access: "s3:GetBucketPublicAccessBlock", handle: getPublicAccessBlock },
  { name: "DeletePublicAccessBlock", method: "DELETE", path: BUCKET, query: { publicAccessBlock: true }, access: "s3:PutBucketPublicAccessBlock", handle: deletePublicAccessBlock },
  { name: "PutBucketAcl", method: "PUT", path: BUCKET, query: { acl: true }, access: "s3:PutBucketAcl", handle: putBucketAcl },
  { name: "GetBucketAcl", method: "GET", path: BUCKET, query: { acl: true }, access: "s3:GetBucketAcl", handle: getBucketAcl },
  { name: "PutBucketPolicy", method: "PUT", path: BUCKET, query: { policy: true }, access: "s3:PutBucketPolicy", handle: putBucketPolicy },
  { name: "GetBucketPolicy", method: "GET", path: BUCKET, query: { policy: true }, access: "s3:GetBucketPolicy", handle: getBucketPolicy },
  { name: "DeleteBucketPolicy", method: "DELETE", path: BUCKET, query: { policy: true }, access: "s3:DeleteBucketPolicy", handle: deleteBucketPolicy },
  { name: "GetBucketPolicyStatus", method: "GET", path: BUCKET, query: { policyStatus: true }, access: "s3:GetBucketPolicyStatus", handle: getBucketPolicyStatus },
  { name: "PutBucketOwnershipControls", method: "PUT", path: BUCKET, query: { ownershipControls: true }, access: "s3:PutBucketOwnershipControls", handle: putBucketOwnershipControls },
  { name: "GetBucketOwnershipControls", method: "GET", path: BUCKET, query: { ownershipControls: true }, access: "s3:GetBucketOwnershipControls", handle: getBucketOwnershipControls },
  { name: "DeleteBucketOwnershipControls", method: "DELETE", path: BUCKET, query: { ownershipControls: true }, access: "s3:PutBucketOwnershipControls", handle: deleteBucketOwnershipControls },
  { name: "PutBucketWebsite", method: "PUT", path: BUCKET, query: { website: true }, access: "s3:PutBucketWebsite", handle: putBucketWebsite },
  { name: "GetBucketWebsite", method: "GET", path: BUCKET, query: { website: true }, access: "s3:GetBucketWebsite", handle: getBucketWebsite },
  { name: "DeleteBucketWebsite", method: "DELETE", path: BUCKET, query: { website: true }, access: "s3:DeleteBucketWebsite", handle: deleteBucketWebsite },
  { name: "PutBucketRequestPayment", method: "PUT", path: BUCKET, query: { requestPayment: true }, access: "s3:PutBucketRequestPayment", handle: putBucketRequestPayment },
  { name: "GetBucketRequestPayment", method: "GET", path: BUCKET, query: { requestPayment: true }, access: "s3:GetBucketRequestPayment", handle: getBucketRequestPayment },
  { name: "PutBucketAccelerateConfiguration", method: "PUT", path: BUCKET, query: { accelerate: true }, access: "s3:PutAccelerateConfiguration", handle: putBucketAccelerateConfiguration },
  { name: "GetBucketAccelerateConfiguration", method: "GET", path: BUCKET, query: { accelerate: true }, access: "s3:GetAccelerateConfiguration", handle: getBucketAccelerateConfiguration },
  { name: "PutBucketLogging", method: "PUT", path: BUCKET, query: { logging: true }, access: "s3:PutBucketLogging", handle: putBucketLogging },
  { name: "GetBucketLogging", method: "GET", path: BUCKET, query: { logging: true }, access: "s3:GetBucketLogging", handle: getBucketLogging },
  { name: "PutBucketNotificationConfiguration", method: "PUT", path: BUCKET, query: { notification: true }, access: "s3:PutBucketNotification", handle: putBucketNotification },
  { name: "GetBucketNotificationConfiguration", method: "GET", path: BUCKET, query: { notification: true }, access: "s3:GetBucketNotification", handle: getBucketNotification },

  { name: "ListObjects", method: "GET", path: BUCKET, access: "s3:ListBucket", handle: listObjects },
  { name: "ListObjectsV2", method: "GET", path: BUCKET, query: { "list-type": "2" }, access: "s3:ListBucket", handle: listObjectsV2 },
  { name: "ListObjectVersions", method: "GET", path: BUCKET, query: { versions: true }, access: "s3:ListBucketVersions", handle: listObjectVersions },
  { name: "ListMultipartUploads", method: "GET", path: BUCKET, query: { uploads: true }, access: "s3:ListBucketMultipartUploads", handle: listMultipartUploads },
  { name: "DeleteObjects", method: "POST", path: BUCKET, query: { delete: true }, access: deleteManyAccess, handle: deleteObjects },

  { name: "GetObject", method: "GET", path: OBJECT, access: readObjectAccess, handle: getObject },
  { name: "HeadObject", method: "HEAD", path: OBJECT, access: readObjectAccess, handle: headObject },
  { name: "PutObject", method: "PUT", path: OBJECT, access: writeAccess, handle: putObject },
  // The form carries its own credentials: `postObject` reaches no bucket before it has authorised their owner.
  { name: "PostObject", method: "POST", path: BUCKET, access: anyone, handle: postObject },
  { name: "DeleteObject", method: "DELETE", path: OBJECT, access: deleteAccess, handle: deleteObject },
  { name: "CopyObject", method: "PUT", path: OBJECT, headers: ["x-amz-copy-source"], access: copyAccess, handle: copyObject },
  { name: "RenameObject", method: "PUT", path: OBJECT, query: { renameObject: true }, access: renameAccess, handle: renameObject },
  {
    name: "GetObjectAttributes",
    method: "GET",
    path: OBJECT,
    query: { attributes: true },
    access: (call) => [...readObjectAccess(call), ...readAttributesAccess(call)],
    handle: getObjectAttributes,
  },
  { name: "PutObjectTagging", method: "PUT", path: OBJECT, query: { tagging: true }, access: objectTaggingAccess("Put"), handle: putObjectTagging },
  { name: "GetObjectTagging", method: "GET", path: OBJECT, query: { tagging: true }, access: objectTaggingAccess("Get"), handle: getObjectTagging },
  { name: "DeleteObjectTagging", method: "DELETE", path: OBJECT, query: { tagging: true }, access: objectTaggingAccess("Delete"), handle: deleteObjectTagging },
  { name: "PutObjectAcl", method: "PUT", path: OBJECT, query: { acl: true }, access: objectAclAccess("Put"), handle: putObjectAcl },
  { name: "GetObjectAcl", method: "GET", path: OBJECT, query: { acl: true }, access: objectAclAccess("Get"), handle: getObjectAcl },
  { name: "RestoreObject", method: "POST", path: OBJECT, query: { restore: true }, access: "s3:RestoreObject", handle: restoreObject },
  { name: "PutObjectRetention", method: "PUT", path: OBJECT, query: { retention: true }, access: retentionAccess, handle: putObjectRetention },
  { name: "GetObjectRetention", method: "GET", path: OBJECT, query: { retention: true }, access: "s3:GetObjectRetention", handle: getObjectRetention },
  { name: "PutObjectLegalHold", method: "PUT", path: OBJECT, query: { "legal-hold": true }, access: "s3:PutObjectLegalHold", handle: putObjectLegalHold },
  { name: "GetObjectLegalHold", method: "GET", path: OBJECT, query: { "legal-hold": true }, access: "s3:GetObjectLegalHold", handle: getObjectLegalHold },

  { name: "CreateMultipartUpload", method: "POST", path: OBJECT, query: { uploads: true }, access: writeAccess, handle: createMultipartUpload },
  { name: "UploadPart", method: "PUT", path: OBJECT, query: { partNumber: true, uploadId: true }, access: "s3:PutObject", handle: uploadPart },
  {
    name: "UploadPartCopy",
    method: "PUT",
    path: OBJECT,
    query: { partNumber: true, uploadId: true },
    headers: ["x-amz-copy-source"],
    access: copyAccess,
    handle: uploadPartCopy,
  },
  { name: "CompleteMultipartUpload", method: "POST", path: OBJECT, query: { uploadId: true }, access: "s3:PutObject", handle: completeMultipartUpload },
  { name: "AbortMultipartUpload", method: "DELETE", path: OBJECT, query: { uploadId: true }, access: "s3:AbortMultipartUpload", handle: abortMultipartUpload },
  { name: "ListParts", method: "GET", path: OBJECT, query: { uploadId: true }, access: "s3:ListMultipartUploadParts", handle: listParts },

  { name: "Preflight", method: "OPTIONS", path: "/", access: anyone, handle: preflight },
  { name: "Preflight", method: "OPTIONS", path: BUCKET, access: anyone, handle: preflight },
  { name: "Preflight", method: "OPTIONS", path: OBJECT, access: anyone, handle: preflight },

  ...numberedConfigurations,
  ...subResourceDefaults,
  ...unsupportedOperations,
];
