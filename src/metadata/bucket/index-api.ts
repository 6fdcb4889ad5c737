import type { DeleteObjectsCall, DeleteObjectsOutcome } from "./deletes.ts";
import type { ChangeConfigCall, ConfigOutcome } from "./config.ts";
import type { SetObjectAclCall, SetObjectAclOutcome } from "./object-acl.ts";
import type { RestoreObjectCall, RestoreObjectOutcome } from "./restored.ts";
import type { SetObjectLockCall, SetObjectLockOutcome } from "./object-lock.ts";
import type { SetObjectTagsCall, SetObjectTagsOutcome } from "./object-tags.ts";
import type { ListUploadsCall, ListUploadsOutcome } from "./list-uploads.ts";
import type { ListVersionsCall, ListVersionsOutcome } from "./list-versions.ts";
import type { PinCall, PinOutcome } from "./pins.ts";
import type * as protocol from "./protocol.ts";

/**
 * The calls that the Worker makes on an index object. `BucketIndex` implements it; the Worker sees the
 * stub through it, because the generated RPC types do not survive unions of readonly records.
 */
export interface IndexApi {
  getObject(call: protocol.GetObjectCall): Promise<protocol.GetObjectOutcome>;
  checkWrite(call: protocol.CheckWriteCall): Promise<protocol.CheckWriteOutcome>;
  putObject(call: protocol.PutObjectCall): Promise<protocol.PutObjectOutcome>;
  deleteObjects(call: DeleteObjectsCall): Promise<DeleteObjectsOutcome>;
  copyObject(call: protocol.CopyObjectCall): Promise<protocol.CopyObjectOutcome>;
  setObjectTags(call: SetObjectTagsCall): Promise<SetObjectTagsOutcome>;
  restoreObject(call: RestoreObjectCall): Promise<RestoreObjectOutcome>;
  setObjectAcl(call: SetObjectAclCall): Promise<SetObjectAclOutcome>;
  setObjectLock(call: SetObjectLockCall): Promise<SetObjectLockOutcome>;
  pin(call: PinCall): Promise<PinOutcome>;
  listObjects(call: protocol.ListObjectsCall): Promise<protocol.ListObjectsOutcome>;
  listVersions(call: ListVersionsCall): Promise<ListVersionsOutcome>;
  createUpload(call: protocol.CreateUploadCall): Promise<protocol.CreateUploadOutcome>;
  putPart(call: protocol.PutPartCall): Promise<protocol.PutPartOutcome>;
  completeUpload(call: protocol.CompleteUploadCall): Promise<protocol.CompleteUploadOutcome>;
  abortUpload(call: protocol.AbortUploadCall): Promise<protocol.AbortUploadOutcome>;
  listParts(call: protocol.ListPartsCall): Promise<protocol.ListPartsOutcome>;
  listObjectParts(call: protocol.ListObjectPartsCall): Promise<protocol.ListObjectPartsOutcome>;
  listUploads(call: ListUploadsCall): Promise<ListUploadsOutcome>;
  /** Whether the caller's configuration is the present one. */
  checkConfig(call: protocol.Call): Promise<ConfigOutcome>;
  /** On the first shard: in force on every index object when it is answered. */
  changeConfig(call: ChangeConfigCall): Promise<ConfigOutcome>;
}

type SyncOrAsync<Method> = Method extends (call: infer Input) => Promise<infer Output>
  ? (call: Input) => Output | Promise<Output>
  : never;

/** What `BucketIndex` implements: most methods answer without awaiting anything. */
export type IndexApiImplementation = { [Name in keyof IndexApi]: SyncOrAsync<IndexApi[Name]> };
