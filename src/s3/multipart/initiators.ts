import type { XmlElement } from "../../lib/xml.ts";
import type { UploadRecord } from "../../metadata/bucket/protocol.ts";
import type { S3Call } from "../call.ts";
import { findBucketOwner, findOwner, type Owner, ownerElement } from "../owner.ts";

/** Who began the uploads of an answer, and who owns them. */
export interface Initiators {
  /** The bucket's account: what is uploaded belongs to it. */
  readonly owner: Owner;
  /** `<Initiator>`, in the form of `<Owner>`. */
  element(upload: UploadRecord): XmlElement;
}

/** Looks each account of the uploads up once. An account that was removed since is shown by its id. */
export async function describeInitiators(call: S3Call, uploads: readonly UploadRecord[]): Promise<Initiators> {
  const owner = await findBucketOwner(call);
  const ids = [...new Set(uploads.map(({ initiatorId }) => initiatorId))];
  const accounts = await Promise.all(ids.map((id) => findOwner(call, id)));
  const byId = new Map(ids.map((id, position) => [id, accounts[position]!]));
  return {
    owner,
    element: ({ initiatorId }) => ({ ...ownerElement(byId.get(initiatorId)!), name: "Initiator" }),
  };
}
