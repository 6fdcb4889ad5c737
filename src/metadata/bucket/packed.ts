import type { BlobId } from "../../lib/blob-id.ts";
import type { Body } from "./journal.ts";

/** Where a packed body is: its pack, and where in it. How long it is its version says. */
interface PackedPlace {
  readonly pack: BlobId;
  readonly offset: number;
  /** Bytes of the whole pack. */
  readonly packSize: number;
}

/** The body id of a packed body: everything that a read needs, so that a pack has no table of its own. */
export function packedId({ pack, offset, packSize }: PackedPlace): string {
  return `${pack}#${offset}#${packSize}`;
}

export function parsePackedId(id: string): PackedPlace {
  const [pack = "", offset = "", packSize = ""] = id.split("#");
  return { pack, offset: Number(offset), packSize: Number(packSize) };
}

/** Under which id `refs` names the holders of a body: those of packed bodies hold the pack together. */
export function referenceId(body: Body): string {
  return body.kind === "packed" ? parsePackedId(body.id).pack : body.id;
}
