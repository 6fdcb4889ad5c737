import { uuidv7obj } from "uuidv7";

const RANDOM_BYTES = 24;

/**
 * A fresh id of a multipart upload: opaque and unguessable. It begins with the time, so that ids of one key
 * sort in the order in which the uploads began, as ListMultipartUploads lists them.
 */
export function mintUploadId(): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return uuidv7obj().toHex() + Buffer.from(random).toString("hex");
}
