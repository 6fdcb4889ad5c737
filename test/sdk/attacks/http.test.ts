import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRaw, readAnswer, sendRaw } from "../../support/raw-http.ts";
import { type Draft, signInHeader } from "./hand-signed.ts";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "./target.ts";

// Attack class 14: HTTP itself. What workerd refuses is answered without S3's XML; then only the status counts.

const PUT: Draft = { method: "PUT", target: `/${BUCKET}/planted`, payloadHash: "UNSIGNED-PAYLOAD" };
const CHUNKED = { "Transfer-Encoding": "chunked" };

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(async () => {
  try {
    await target.expectUntouched();
  } finally {
    // So that one failure does not look like many.
    await target.send({ method: "DELETE", target: PUT.target });
  }
});
afterAll(() => target.stop());

/** Everything that the server sends until it closes or is silent for a moment. */
async function converse(bytes: Buffer): Promise<string> {
  const socket = await openRaw(target.endpoint);
  let received = "";
  const silence = new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, 1_000);
    socket.on("data", (data) => {
      received += data.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(resolve, 300);
    });
    socket.once("close", resolve);
    socket.once("error", () => resolve());
  });
  socket.write(bytes);
  await silence;
  socket.destroy();
  return received;
}

function countAnswers(received: string): number {
  return received.split("HTTP/1.1 ").length - 1;
}

describe("request smuggling shapes", () => {
  const smuggled = `GET /${BUCKET}/${CANARY} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

  it("two lengths that differ are refused, and nothing after them is served", async () => {
    const { bytes } = signInHeader(target, target.key, { ...PUT, body: "hello", unsigned: { "Content-Length": "6" } });
    const received = await converse(Buffer.concat([bytes, Buffer.from(smuggled)]));
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
    expect(countAnswers(received)).toBe(1);
  });

  it("Transfer-Encoding decides beside a Content-Length, and what follows stands for itself", async () => {
    const draft = { ...PUT, target: `/${BUCKET}/${CANARY}`, headers: { "if-none-match": "*" } };
    const body = `0\r\n\r\n${smuggled}`;
    const { bytes } = signInHeader(target, target.key, { ...draft, body, unsigned: CHUNKED });
    const received = await converse(bytes);
    // The condition fails; the second request carries no signature, and gets none of the first one's rights.
    expect(received).toMatch(/^HTTP\/1\.1 (412|400) /);
    expect(received).not.toContain("still alive");
    expect(countAnswers(received.slice(1))).toBeLessThanOrEqual(1);
  });

  it.each(["xchunked", "chunked, identity", "identity, chunked", "chunked\x0b", "\tchunked;q=1", "gzip, chunked"])(
    "the Transfer-Encoding %j is refused",
    async (coding) => {
      const { bytes } = signInHeader(target, target.key, {
        ...PUT,
        body: "5\r\nhello\r\n0\r\n\r\n",
        contentLength: false,
        unsigned: { "Transfer-Encoding": coding },
      });
      expect(await converse(bytes)).toMatch(/^HTTP\/1\.1 [45]0[01] /);
    },
  );

  it.each(["-5", "+5", "5x", "0x5", "5,5", "5 5", "99999999999999999999"])(
    "the Content-Length %j is refused",
    async (contentLength) => {
      expect(await target.send({ ...PUT, body: "hello", contentLength })).toMatchObject({ status: 400 });
    },
  );

  it.each([
    "zz\r\nhello\r\n0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "5;\0\r\nhello\n\n0\r\n\r\n",
  ])("malformed chunks of HTTP store nothing: %j", async (body) => {
    const answer = await target.send({ ...PUT, body, contentLength: false, unsigned: CHUNKED });
    expect(answer.status).toBe(400);
  });

  it.each([
    "x-amz-meta-a : b",
    "x-amz-meta-a: b\r\n continued",
    "x-amz-meta-a: b\0c",
    ": nameless",
    "no colon",
    "x-amz-\xff: b",
    "x amz: b",
  ])("the header line %j is refused", async (line) => {
    const { head } = signInHeader(target, target.key, { ...PUT, body: "hello" });
    const altered = head.toString("latin1").replace("\r\n\r\n", `\r\n${line}\r\n\r\nhello`);
    expect(await sendRaw(target.endpoint, Buffer.from(altered, "latin1"))).toMatchObject({ status: 400 });
  });

  it("headers that decide who asks do not work twice", async () => {
    const doubled = [
      { Authorization: "AWS4-HMAC-SHA256 Credential=a/b/c/d/e" },
      { "X-Amz-Date": "20200101T000000Z" },
      { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
    ];
    for (const unsigned of doubled) {
      const answer = await target.send({ ...PUT, body: "hello", unsigned });
      expect([Object.keys(unsigned), answer.status]).toEqual([Object.keys(unsigned), expect.toBeOneOf([400, 403])]);
    }
  });

  it("a second host does not redirect a signed request", async () => {
    const answer = await target.send({ ...PUT, body: "hello", unsigned: { Host: "foreign-bucket.s3.localhost" } });
    expect([400, 403]).toContain(answer.status);
  });
});

describe("sizes", () => {
  it("a URL of 16 KB is a key that is too long", async () => {
    const path = `/${BUCKET}/${"k".repeat(16_000)}`;
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? { body: "hello" } : {};
      expectRefusal(await target.send({ method, target: path, ...body }), 400, "KeyTooLongError");
    }
  });

  it("a query of 16 KB is refused", async () => {
    const answer = await target.send({ method: "GET", target: `/${BUCKET}?prefix=${"k".repeat(16_000)}` });
    expectRefusal(answer, 400, "RequestHeaderSectionTooLarge");
  });

  it.each([9_000, 60_000])("headers of %i bytes are not stored", async (size) => {
    const headers = { "cache-control": "k".repeat(size) };
    expectRefusal(await target.send({ ...PUT, body: "hello", headers }), 400, "RequestHeaderSectionTooLarge");
    const upload = { method: "POST", target: `/${BUCKET}/planted?uploads=`, headers, body: "" };
    expectRefusal(await target.send(upload), 400, "RequestHeaderSectionTooLarge");
  });

  it("headers beyond what workerd takes are refused by it", async () => {
    const received = await converse(
      signInHeader(target, target.key, { ...PUT, headers: { "cache-control": "k".repeat(3_000_000) }, body: "a" })
        .bytes,
    );
    expect(received === "" || /^HTTP\/1\.1 4\d\d /.test(received)).toBe(true);
  });

  it("ten thousand headers are refused", async () => {
    const unsigned = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`x-h-${number}`, "1"]));
    expect(await target.send({ ...PUT, body: "hello", unsigned })).toMatchObject({ status: 400 });
  });
});

describe("slow bodies", () => {
  it("hold nobody up, and are stored whole", async () => {
    const { bytes } = signInHeader(target, target.key, { ...PUT, target: `/${BUCKET}/slow`, body: "drop by drop" });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openRaw(target.endpoint)));
    for (const socket of sockets) socket.write(bytes.subarray(0, -5));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await target.expectUntouched();
    for (const socket of sockets.slice(1)) socket.resetAndDestroy();
    const [patient] = sockets;
    const answer = readAnswer(patient!);
    for (const byte of bytes.subarray(-5)) patient!.write(Buffer.from([byte]));
    expect(await answer).toMatchObject({ status: 200 });
    patient!.destroy();
    expect((await target.send({ method: "GET", target: `/${BUCKET}/slow` })).body.toString()).toBe("drop by drop");
    await target.send({ method: "DELETE", target: `/${BUCKET}/slow` });
  });

  it("slow headers hold nobody up", async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openRaw(target.endpoint)));
    for (const socket of sockets) socket.write(`PUT /${BUCKET}/planted HTTP/1.1\r\nhost: localhost\r\nx-a`);
    await target.expectUntouched();
    for (const socket of sockets) socket.destroy();
  });
});
