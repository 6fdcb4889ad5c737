import { blobMintedAt, isBlobOf } from "../../lib/blob-id.ts";
import type { Span } from "../../lib/range.ts";
import type { Body, Change } from "./journal.ts";
import { readExtents, writeManifest } from "./manifests.ts";
import { parsePackedId } from "./packed.ts";
import type { BodyLocation, IndexAddress, NewBody } from "./protocol.ts";

/** A commit refuses older blobs: the sweep may already have judged them orphans (consistency rule 5). */
const BLOB_LIFE_MS = 24 * 3600_000;

/**
 * Whether the blob may be committed. One of another index object, minted before the bucket was deleted and
 * created again, may not: the sweep shows it to that index, which would call it an orphan.
 */
export function isFresh(change: Change, blob: string): boolean {
  const mintedAt = blobMintedAt(blob);
  if (mintedAt === undefined || change.at - mintedAt > BLOB_LIFE_MS) return false;
  return isBlobOf(blob, change.self.bucketId, change.self.shard);
}

/**
 * The id under which a copy's bytes are held at its destination: it names the pin and who has it, so that
 * release and status need no table of their own.
 */
export function borrowedId(owner: IndexAddress, copyId: string): string {
  return `${owner.bucketId}/${owner.shard}/${copyId}`;
}

export function parseBorrowedId(id: string): { readonly owner: IndexAddress; readonly copyId: string } {
  const [bucketId = "", shard = "", ...copyId] = id.split("/");
  return { owner: { bucketId, shard: Number(shard) }, copyId: copyId.join("/") };
}

/** Writes what a new body of a version of `key` needs beside the version's row. */
export function writeBody(change: Change, key: string, body: NewBody): Body {
  if (body.kind === "blob") return { kind: "blob", id: body.blob };
  if (body.kind === "inline") return writeInline(change, key, body.bytes);
  const id = borrowedId(body.owner, body.copyId);
  writeManifest(change, id, body.extents);
  return { kind: "borrowed", id };
}

/** Inline bytes are copied, not shared: they are a few kilobytes, and a shared holder costs rows as well. */
export function copyInline(change: Change, key: string, body: Body): Body {
  return writeInline(change, key, readInline(change.sql, body));
}

/** Notes that the version of an inline body has another key now. */
export function renameInline(change: Change, key: string, body: Body): void {
  change.sql.exec("UPDATE bodies SET key = ? WHERE id = ?", key, Number(body.id));
  change.touch("bodies", Number(body.id));
}

export function readInline(sql: SqlStorage, body: Body): Uint8Array {
  const { bytes } = sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM bodies WHERE id = ?", Number(body.id)).one();
  return new Uint8Array(bytes);
}

/** Where the bytes of `span` are. */
export function locateBody(sql: SqlStorage, body: Body, size: number, span: Span): BodyLocation {
  if (body.kind === "inline") {
    const bytes = readInline(sql, body);
    const whole = span.offset === 0 && span.length === bytes.length;
    return { kind: "inline", bytes: whole ? bytes : bytes.slice(span.offset, span.offset + span.length) };
  }
  if (body.kind === "blob") {
    const extent = { blob: body.id, offset: span.offset, length: span.length, blobSize: size };
    return { kind: "extents", extents: span.length === 0 ? [] : [extent] };
  }
  if (body.kind === "packed") {
    const { pack, offset, packSize } = parsePackedId(body.id);
    const extent = { blob: pack, offset: offset + span.offset, length: span.length, blobSize: packSize };
    return { kind: "extents", extents: span.length === 0 ? [] : [extent] };
  }
  return { kind: "extents", extents: readExtents(sql, body.id, span) };
}

function writeInline(change: Change, key: string, bytes: Uint8Array): Body {
  // The change's sequence serves as the id: a change makes at most one body.
  change.sql.exec("INSERT INTO bodies (id, bytes, key) VALUES (?, ?, ?)", change.sequence, bytes, key);
  change.touch("bodies", change.sequence);
  return { kind: "inline", id: String(change.sequence) };
}
