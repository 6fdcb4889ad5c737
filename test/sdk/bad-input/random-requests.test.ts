import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { s3Operations } from "../../../src/s3/operations.ts";
import { type RawAnswer, sendRaw } from "../../support/raw-http.ts";
import { type Draft, encode, sha256, signInHeader, signInQuery, writeAnonymous } from "../attacks/hand-signed.ts";
import { requestRow } from "../attacks/operation-rows.ts";
import { BUCKET, CANARY, FOREIGN_BUCKET, readError, startTarget, type Target } from "../attacks/target.ts";
import { BODIES, HEADER_VALUES, HEADERS, METHODS, PARAMETERS, PAYLOADS, VALUES } from "./vocabulary.ts";

// Whatever comes: no 5xx but a 501 that names itself, and every error is one of S3's documents.

const SECONDS = Number(process.env["RANDOM_REQUESTS_SECONDS"] ?? 5);
const segment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(BUCKET, CANARY, FOREIGN_BUCKET, "missing-bucket", "a", "..", ".", "") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }).map(encodeLoosely) },
  { weight: 1, arbitrary: fc.constantFrom("%00", "%ff", "%", "%zz", "k".repeat(1_100), "%2F", "_verge", "+") },
);
const paths = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "/",
      `/${BUCKET}`,
      `/${BUCKET}/${CANARY}`,
      `/${BUCKET}/random`,
      `/${FOREIGN_BUCKET}/${CANARY}`,
    ),
  },
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`) },
);
const parameter = fc
  .tuple(
    fc.oneof(fc.constantFrom(...PARAMETERS), fc.string({ maxLength: 8 })),
    fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: "binary", maxLength: 12 })),
  )
  .map(([name, value]) => `${encodeLoosely(name)}=${encodeLoosely(value)}`);
const headers = fc.dictionary(fc.constantFrom(...HEADERS), fc.constantFrom(...HEADER_VALUES), { maxKeys: 4 });

const query = fc.array(parameter, { maxLength: 3 }).map((pairs) => pairs.join("&"));
const join = (place: string, more: string) =>
  more === "" ? place : `${place}${place.includes("?") ? "&" : "?"}${more}`;
/** Any method on any path. */
const anything = fc.record({
  method: fc.constantFrom(...METHODS),
  target: fc.tuple(paths, query).map(([place, more]) => join(place, more)),
  headers,
});
/** An operation of the table, its request as it should be and then some. */
const operation = fc
  .record({
    row: fc.constantFrom(...s3Operations),
    key: fc.constantFrom(CANARY, "random"),
    copySource: fc.constantFrom(`${BUCKET}/${CANARY}`, `${BUCKET}/random`, `${FOREIGN_BUCKET}/${CANARY}`),
    more: fc.oneof(fc.constant(""), query),
    headers,
  })
  .map(({ row, key, copySource, more, headers: added }) => {
    const { method, target: place, headers: selecting } = requestRow(row, { bucket: BUCKET, key, copySource });
    return { method, target: join(place, more), headers: { ...added, ...selecting } };
  });

const request = fc
  .record({
    shape: fc.oneof({ weight: 3, arbitrary: operation }, { weight: 2, arbitrary: anything }),
    body: fc.constantFrom(...BODIES),
    payloadHash: fc.option(fc.constantFrom(...PAYLOADS), { nil: undefined, freq: 1 }),
    contentMd5: fc.boolean(),
    signer: fc.constantFrom("root", "root", "root", "query", "foreign", "nobody", "forger"),
  })
  // The canary stays, so that reads find something and its bucket cannot be deleted.
  .filter(({ shape }) => shape.method !== "DELETE" || !shape.target.startsWith(`/${BUCKET}/${CANARY}`))
  .filter(({ shape, signer }) => signer !== "foreign" || !shape.target.startsWith(`/${FOREIGN_BUCKET}`));
type Sample = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** Lone surrogates have no escapes; they become what UTF-8 makes of them. */
function encodeLoosely(text: string): string {
  return encode(text.toWellFormed());
}

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.stop());

function write({ shape, body, payloadHash, contentMd5, signer }: Sample): Buffer {
  const md5 = contentMd5 ? { "content-md5": createHash("md5").update(body, "latin1").digest("base64") } : {};
  const plain = { ...shape, body: Buffer.from(body, "latin1") };
  const draft: Draft = {
    ...plain,
    headers: { ...plain.headers, ...md5 },
    ...(payloadHash === undefined ? {} : { payloadHash }),
  };
  switch (signer) {
    case "root":
      return signInHeader(target, target.key, draft).bytes;
    case "foreign":
      return signInHeader(target, target.foreignKey, draft).bytes;
    case "forger":
      return signInHeader(target, { ...target.key, secretAccessKey: "a-guess" }, draft).bytes;
    case "query":
      return signInQuery(target, target.key, { ...plain, headers: {} }, plain.headers).bytes;
    default:
      return writeAnonymous(target, {
        ...draft,
        headers: { ...draft.headers, "x-amz-content-sha256": payloadHash ?? sha256(plain.body) },
      });
  }
}

/** What is wrong with an answer; empty when nothing is. */
function findFault(answer: RawAnswer, { shape: { method, target: url }, signer }: Sample): string {
  const isStranger = signer === "nobody" || signer === "forger" || signer === "foreign";
  if (isStranger && /^\/target-bucket([/?]|$)/.test(url) && answer.status < 400 && !refusesEachKey(answer))
    return `${signer} got ${answer.status}`;
  // Errors of HEAD have no body; Verge's own paths answer JSON.
  const hasDocument = answer.status >= 400 && method !== "HEAD" && !url.startsWith("/_verge");
  if (!hasDocument) return answer.status < 500 || answer.status === 501 ? "" : String(answer.status);
  const { status, message } = readError(answer);
  const isNamed = /^\w+ is not implemented|^A header you provided|does not serve|is not implemented by/.test(message);
  return status < 500 || (status === 501 && isNamed) ? "" : `${status} ${message}`;
}

/** DeleteObjects answers 200, and says of each key that it may not be deleted. */
function refusesEachKey({ body }: RawAnswer): boolean {
  const text = body.toString();
  return text.includes("<DeleteResult") && text.includes("<Code>AccessDenied</Code>") && !text.includes("<Deleted>");
}

it("random requests see no 5xx but a 501 that names itself", { timeout: SECONDS * 1_000 + 50_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(request, async (sample) => {
      const bytes = write(sample);
      const answer = await sendRaw(target.endpoint, bytes, { head: sample.shape.method === "HEAD" });
      expect(findFault(answer, sample)).toBe("");
    }),
    {
      numRuns: 2_000 * SECONDS,
      interruptAfterTimeLimit: SECONDS * 1_000,
      markInterruptAsFailure: false,
      endOnFailure: true,
    },
  );
  expect(await target.send({ method: "GET", target: `/${BUCKET}` })).toMatchObject({ status: 200 });
  const foreign = await target.sendAs(target.foreignKey, { method: "GET", target: `/${FOREIGN_BUCKET}/${CANARY}` });
  expect(foreign.body.toString()).toBe("still alive");
});
