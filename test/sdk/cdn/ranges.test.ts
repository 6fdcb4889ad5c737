import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";

const cdn = useCdn();
const MIB = 1024 * 1024;

/** A body whose every position tells where it is. */
function bytesOf(first: number, last: number): Buffer {
  const bytes = Buffer.alloc(last - first + 1);
  for (let position = first; position <= last; position++)
    bytes[position - first] = (position * 31 + (position >> 8)) & 255;
  return bytes;
}

/** A web server that knows ranges; `sent` sums what it sends. */
function serveRanges(size: number, sent: { bytes: number } = { bytes: 0 }, version = { etag: '"v1"' }) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
    const headers = { "cache-control": "max-age=600", etag: version.etag, "content-type": "video/mp4" };
    const ifRange = request.headers["if-range"];
    if (!match || (ifRange !== undefined && ifRange !== version.etag)) {
      sent.bytes += size;
      response.writeHead(200, { ...headers, "content-length": size }).end(bytesOf(0, size - 1));
      return;
    }
    const first = match[1] === "" ? size - Number(match[2]) : Number(match[1]);
    const last = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
    sent.bytes += last - first + 1;
    response.writeHead(206, {
      ...headers,
      "content-range": `bytes ${first}-${last}/${size}`,
      "content-length": last - first + 1,
    });
    response.end(bytesOf(first, last));
  };
}

async function readRange(url: string, range: string, more: Record<string, string> = {}) {
  const response = await fetch(url, { headers: { range, ...more } });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  return {
    status,
    bytes,
    contentRange: headers.get("content-range"),
    from: headers.get("x-cache")?.split(" ")[0],
    headers,
  };
}

describe("a stored response", () => {
  test.each([
    ["bytes=0-9", 0, 9],
    ["bytes=90-", 90, 99],
    ["bytes=-5", 95, 99],
    ["bytes=50-1000", 50, 99],
  ])("answers %s", async (range, first, last) => {
    const { url } = await cdn.install(serveRanges(100));
    await ask(`${url}/file`);
    const part = await readRange(`${url}/file`, range);
    expect(part).toMatchObject({ status: 206, contentRange: `bytes ${first}-${last}/100`, from: "Hit" });
    expect(part.bytes.equals(bytesOf(first, last))).toBe(true);
  });

  test("answers several ranges at once", async () => {
    const { url } = await cdn.install(serveRanges(100));
    await ask(`${url}/file`);
    const parts = await readRange(`${url}/file`, "bytes=0-4, 90-94");
    expect(parts.status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(parts.headers.get("content-type") ?? "")?.[1];
    const part = (first: number, last: number) =>
      `--${boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${first}-${last}/100\r\n\r\n${bytesOf(first, last).toString("latin1")}\r\n`;
    expect(parts.bytes.toString("latin1")).toBe(`${part(0, 4)}${part(90, 94)}--${boundary}--\r\n`);
  });

  test("refuses what lies beyond its end", async () => {
    const { url } = await cdn.install(serveRanges(100));
    await ask(`${url}/file`);
    expect(await readRange(`${url}/file`, "bytes=100-")).toMatchObject({ status: 416, contentRange: "bytes */100" });
  });

  test("heeds If-Range", async () => {
    const { url } = await cdn.install(serveRanges(100));
    await ask(`${url}/file`);
    expect(await readRange(`${url}/file`, "bytes=0-1", { "if-range": '"v1"' })).toMatchObject({ status: 206 });
    expect(await readRange(`${url}/file`, "bytes=0-1", { "if-range": '"v0"' })).toMatchObject({ status: 200 });
    expect(await readRange(`${url}/file`, "bytes=0-1", { "if-range": 'W/"v1"' })).toMatchObject({ status: 200 });
  });

  test("of many megabytes answers ranges too", async () => {
    const size = 3 * MIB;
    const { url } = await cdn.install(serveRanges(size));
    await ask(`${url}/file`);
    const part = await readRange(`${url}/file`, "bytes=2000000-2000099");
    expect(part).toMatchObject({ status: 206, contentRange: `bytes 2000000-2000099/${size}` });
    expect(part.bytes.equals(bytesOf(2_000_000, 2_000_099))).toBe(true);
  });
});

describe("a cold object", () => {
  test("is fetched by the slices in which a range lies, and those once", async () => {
    const size = 10 * MIB;
    const sent = { bytes: 0 };
    const { url } = await cdn.install(serveRanges(size, sent));
    const first = await readRange(`${url}/video`, "bytes=5000000-7500000");
    expect(first).toMatchObject({ status: 206, contentRange: `bytes 5000000-7500000/${size}`, from: "Miss" });
    expect(first.bytes.equals(bytesOf(5_000_000, 7_500_000))).toBe(true);
    const moved = sent.bytes;
    expect(moved).toBeLessThanOrEqual(4 * MIB);
    const again = await readRange(`${url}/video`, "bytes=5100000-7400000");
    expect(again).toMatchObject({ status: 206, from: "Hit" });
    expect(again.bytes.equals(bytesOf(5_100_000, 7_400_000))).toBe(true);
    expect(sent.bytes).toBe(moved);
  });

  test("is asked for once by many who want the same", async () => {
    const { url } = await cdn.install(serveRanges(3 * MIB));
    const parts = await Promise.all(Array.from({ length: 50 }, () => readRange(`${url}/film`, "bytes=0-999")));
    expect(parts.every(({ status, bytes }) => status === 206 && bytes.equals(bytesOf(0, 999)))).toBe(true);
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("becomes whole where one slice is all of it", async () => {
    const { url } = await cdn.install(serveRanges(5_000));
    const part = await readRange(`${url}/small`, "bytes=10-19");
    expect(part).toMatchObject({ status: 206, contentRange: "bytes 10-19/5000" });
    expect(part.bytes.equals(bytesOf(10, 19))).toBe(true);
    const whole = await readRange(`${url}/small`, "none");
    expect(whole).toMatchObject({ status: 200, from: "Hit" });
    expect(whole.bytes.equals(bytesOf(0, 4_999))).toBe(true);
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("is read whole from its slices and the origin", async () => {
    const size = 3 * MIB + 17;
    const { url } = await cdn.install(serveRanges(size));
    await readRange(`${url}/video`, "bytes=1100000-1100009");
    const whole = await readRange(`${url}/video`, "none");
    expect(whole).toMatchObject({ status: 200, from: "Hit" });
    expect(whole.headers.get("content-length")).toBe(String(size));
    expect(whole.bytes.equals(bytesOf(0, size - 1))).toBe(true);
  });

  test("whose origin knows no ranges is answered whole, and stored", async () => {
    const { url } = await cdn.install((_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60" }).end(bytesOf(0, 99));
    });
    const whole = await readRange(`${url}/plain`, "bytes=5-9");
    expect([whole.status, whole.bytes.length]).toEqual([200, 100]);
    expect(await readRange(`${url}/plain`, "bytes=5-9")).toMatchObject({ status: 206, from: "Hit" });
  });

  test("that must not be stored is passed on as it was asked for", async () => {
    const { url } = await cdn.install((request, response) => {
      response.writeHead(206, { "cache-control": "no-store", "content-range": "bytes 5-9/100" });
      response.end(request.headers.range);
    });
    const part = await readRange(`${url}/private`, "bytes=5-9");
    expect(part).toMatchObject({ status: 206, contentRange: "bytes 5-9/100" });
    expect(part.bytes.toString()).toBe("bytes=5-9");
  });

  test.each([true, false])("that changes between slices is never mixed, If-Range heeded: %s", async (isHeeded) => {
    const size = 4 * MIB;
    const version = { etag: '"v1"' };
    const answer = serveRanges(size, { bytes: 0 }, version);
    const { url } = await cdn.install((request, response) => {
      if (!isHeeded) delete request.headers["if-range"];
      return answer(request, response);
    });
    await readRange(`${url}/changing`, "bytes=0-99");
    version.etag = '"v2"';
    await expect(readRange(`${url}/changing`, "bytes=2000000-2000099")).rejects.toThrow(/terminated|aborted|failed/);
    const part = await readRange(`${url}/changing`, "bytes=2000000-2000099");
    expect(part.headers.get("etag")).toBe('"v2"');
  });
});
