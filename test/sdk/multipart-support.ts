import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "vitest";

export const MIB = 1024 ** 2;

/** An object's address. */
export interface Target {
  readonly Bucket: string;
  readonly Key: string;
}
/** An upload's. */
export type Upload = Target & { readonly UploadId: string };

/** Bytes that differ from place to place and from seed to seed, so that a part at the wrong place is noticed. */
export function makeBytes(size: number, seed: number): Buffer {
  const block = Buffer.alloc(65_536);
  for (let at = 0; at < block.length; at += 1) block[at] = (at * 31 + (at >> 8) * seed + seed * 7) & 0xff;
  const bytes = Buffer.alloc(size, block);
  for (let at = 0; at + 4 < size; at += 65_521) bytes.writeUInt32LE((at * 2_654_435_761 + seed) >>> 0, at);
  return bytes;
}

export function md5(...parts: readonly Uint8Array[]): string {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** As S3 writes it: big-endian, in Base64. */
export function crc32Base64(bytes: Uint8Array): string {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(bytes));
  return crc.toString("base64");
}

/** The ETag that S3 gives an object of these parts. */
export function multipartEtag(parts: readonly Uint8Array[]): string {
  const digests = parts.map((part) => createHash("md5").update(part).digest());
  return `"${md5(...digests)}-${parts.length}"`;
}

/** A new bucket; `shards` is the extension that spreads it over several index objects. */
export async function createBucket(client: S3Client, Bucket: string, shards = 1): Promise<string> {
  await client.send(withHeaders(new CreateBucketCommand({ Bucket }), { "x-verge-index-shards": String(shards) }));
  return Bucket;
}

export async function beginUpload(
  client: S3Client,
  target: Target,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<Upload> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...input }));
  return { ...target, UploadId: UploadId! };
}

/** Sends a part; answers what CompleteMultipartUpload wants of it. */
export async function sendPart(
  client: S3Client,
  upload: Upload,
  PartNumber: number,
  Body: Uint8Array,
): Promise<CompletedPart> {
  const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
  return { ETag: ETag!, PartNumber };
}

export function complete(client: S3Client, upload: Upload, Parts: CompletedPart[]) {
  return client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
}

export async function readObject(client: S3Client, target: Target, Range?: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ ...target, Range }));
  return Buffer.from(await Body!.transformToByteArray());
}

/** What a failed call said: code, status, message and the further elements of the answer. */
export async function refusalOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const failure: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure, "the call was to fail").toBeInstanceOf(Error);
  const error = failure as Error & { $metadata?: { httpStatusCode?: number } };
  return {
    ...Object.fromEntries(Object.entries(error)),
    code: error.name,
    status: error.$metadata?.httpStatusCode,
    message: error.message,
  };
}

interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}
interface Sendable {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (input: { request: unknown }) => Promise<unknown>,
      ) => (input: { request: unknown }) => Promise<unknown>,
      options: { readonly step: "build" },
    ): void;
  };
}

/** The command with further headers, signed like the others. */
export function withHeaders<Command>(command: Command, headers: Readonly<Record<string, string>>): Command {
  return withRequest(command, (request) => Object.assign(request.headers, headers));
}

/** The command with another body than the SDK would write. */
export function withBody<Command>(command: Command, body: string): Command {
  return withRequest(command, (request) => {
    request.body = body;
    request.headers["content-length"] = String(Buffer.byteLength(body));
  });
}

function withRequest<Command>(command: Command, change: (request: HttpRequest) => void): Command {
  (command as unknown as Sendable).middlewareStack.add(
    (next) => (input) => {
      change(input.request as HttpRequest);
      return next(input);
    },
    { step: "build" },
  );
  return command;
}
