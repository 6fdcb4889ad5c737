import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { callApi } from "../../../scripts/local/api-client.ts";
import { type RawAnswer, type RawRequestOptions, sendRaw } from "../../support/raw-http.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge, type VergeOptions } from "../../support/server.ts";
import { parseXml, text } from "../../../src/lib/xml.ts";
import { type Draft, type Fields, type Key, signInHeader, signInQuery, writeAnonymous } from "./hand-signed.ts";

/** The bucket that attacks aim at, of root. It holds `canary` alone. */
export const BUCKET = "target-bucket";
/** A bucket of another account, with its own `canary`. */
export const FOREIGN_BUCKET = "foreign-bucket";
export const CANARY = "canary";
const CANARY_BODY = "still alive";

export interface Target extends Verge {
  readonly key: Key;
  readonly foreignKey: Key;
  readonly s3: S3Client;
  readonly foreignS3: S3Client;
  /** Signed by root in the Authorization header. */
  send(draft: Draft, options?: RawRequestOptions): Promise<RawAnswer>;
  sendAs(key: Key, draft: Draft): Promise<RawAnswer>;
  sendPresigned(draft: Draft, parameters?: Fields): Promise<RawAnswer>;
  sendAnonymous(draft: Draft): Promise<RawAnswer>;
  /** That nothing was stored in either bucket or begun there, no bucket made, and the server serves. */
  expectUntouched(): Promise<void>;
}

/** Starts a server with two accounts and a bucket of each. */
export async function startTarget(options: VergeOptions = {}): Promise<Target> {
  const verge = await startVerge(options);
  const key: Key = { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey };
  const created = (await callApi(verge, "POST", "/accounts", { name: "foreign" })) as { readonly key: Key };
  const foreignKey: Key = created.key;
  const s3 = createS3Client(verge);
  const foreignS3 = createS3Client(verge, { credentials: foreignKey });
  await fill(s3, BUCKET);
  await fill(foreignS3, FOREIGN_BUCKET);
  const sendAs = (by: Key, draft: Draft, rawOptions?: RawRequestOptions) =>
    sendRaw(verge.endpoint, signInHeader(verge, by, draft).bytes, { head: draft.method === "HEAD", ...rawOptions });
  return Object.assign(Object.create(verge) as Verge, {
    key,
    foreignKey,
    s3,
    foreignS3,
    sendAs,
    send: (draft: Draft, rawOptions?: RawRequestOptions) => sendAs(key, draft, rawOptions),
    sendPresigned: (draft: Draft, parameters?: Fields) =>
      sendRaw(verge.endpoint, signInQuery(verge, key, draft, parameters).bytes, { head: draft.method === "HEAD" }),
    sendAnonymous: (draft: Draft) =>
      sendRaw(verge.endpoint, writeAnonymous(verge, draft), { head: draft.method === "HEAD" }),
    async expectUntouched() {
      await expectOnlyCanary(sendAs, key, BUCKET);
      await expectOnlyCanary(sendAs, foreignKey, FOREIGN_BUCKET);
    },
  });
}

async function fill(s3: S3Client, bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: CANARY, Body: CANARY_BODY }));
}

async function expectOnlyCanary(
  sendAs: (key: Key, draft: Draft) => Promise<RawAnswer>,
  key: Key,
  bucket: string,
): Promise<void> {
  const get = async (target: string) => (await sendAs(key, { method: "GET", target })).body.toString();
  expect(namesIn(await get("/"), "Name")).toEqual([bucket]);
  expect(namesIn(await get(`/${bucket}?list-type=2`), "Key")).toEqual([CANARY]);
  expect(namesIn(await get(`/${bucket}?uploads=`), "Key")).toEqual([]);
  expect(await get(`/${bucket}/${CANARY}`)).toBe(CANARY_BODY);
}

function namesIn(xml: string, element: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g")), ([, name]) => name!);
}

/** What an error answer says; fails the test when it is no error of S3's. */
export function readError(answer: RawAnswer): { status: number; code: string; message: string } {
  // Keys may hold control characters, which S3 writes as references that XML 1.0 does not have.
  const root = parseXml(answer.body.toString().replaceAll(/&#x(?:[0-8bcef]|1[0-9a-f]);/g, "\u{fffd}"));
  expect(root.name).toBe("Error");
  expect(text(root, "RequestId")).toBe(answer.headers["x-amz-request-id"]);
  return { status: answer.status, code: text(root, "Code") ?? "", message: text(root, "Message") ?? "" };
}

/** Asserts an error by its status and code. */
export function expectRefusal(answer: RawAnswer, status: number, code: string): void {
  expect(readError(answer)).toMatchObject({ status, code });
}
