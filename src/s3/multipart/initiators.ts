import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import type { XmlElement } from "../../lib/xml.ts";
import type { UploadRecord } from "../../metadata/bucket/protocol.ts";
import type { S3Call } from "../call.ts";
import { findBucketOwner, findOwner, ownerElement } from "../owner.ts";

/** Who began the uploads of an answer, and who owns them. */
export interface Initiators {
  /** `<Owner>`: the bucket's account, to which what is uploaded belongs, or whom the upload says where ACLs count. */
  owner(upload: UploadRecord): XmlElement;
  /** `<Initiator>`, in the form of `<Owner>`. */
  element(upload: UploadRecord): XmlElement;
}

/** Looks each account of the uploads up once. An account that was removed since is shown by its id. */
export async function describeInitiators(call: S3Call, uploads: readonly UploadRecord[]): Promise<Initiators> {
  const owner = await findBucketOwner(call);
  const ids = [...new Set(uploads.flatMap((upload) => [upload.initiatorId, ownerIdOf(upload)]))];
  const accounts = await Promise.all(ids.map((id) => findOwner(call, id)));
  const byId = new Map(ids.map((id, position) => [id, accounts[position]!]));
  const show = (id: string) => ownerElement(byId.get(id)!);
  const ownedByBucket = !aclsCount(call.bucket.config);
  return {
    owner: (upload) => (ownedByBucket ? ownerElement(owner) : show(ownerIdOf(upload))),
    element: (upload) => ({ ...show(upload.initiatorId), name: "Initiator" }),
  };
}

function ownerIdOf({ ownerId, initiatorId }: UploadRecord): string {
  return ownerId ?? initiatorId;
}
