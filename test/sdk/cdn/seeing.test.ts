import { gunzipSync } from "node:zlib";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { beforeAll, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeCustomOrigin } from "../../support/distribution.ts";
import type { AnswerOrigin } from "../../support/origin.ts";
import { createS3Client } from "../../support/s3.ts";
import { callVerge } from "../../support/verge-api.ts";

// Requests come with the client's address, as behind Cloudflare.
const cdn = useCdn({ settings: { VERGE_DIRECT_CLIENTS: "" } });
let s3: S3Client;
beforeAll(() => {
  s3 = createS3Client(cdn.verge);
});

interface Metrics {
  readonly points: readonly {
    readonly time: string;
    readonly status: number;
    readonly result: string;
    readonly requests: number;
    readonly bytes: number;
    readonly originRequests: number;
  }[];
}

const answer: AnswerOrigin = ({ url }, response) => {
  const status = url === "/missing" ? 404 : 200;
  response.writeHead(status, { "cache-control": "max-age=60", "content-type": "text/plain" }).end("0123456789");
};

test("metrics count requests by status and result, with bytes and calls of the origin", async () => {
  const { id, url } = await cdn.install(answer);
  for (const path of ["/a", "/a", "/a", "/b", "/missing", "/missing"]) await ask(url + path);
  const read = async () => {
    const { points } = await callVerge<Metrics>(cdn.verge, "GET", `/cdn/metrics?distribution=${id}&period=86400`);
    return points.map(({ status, result, requests, bytes, originRequests }) => ({
      status,
      result,
      requests,
      bytes,
      originRequests,
    }));
  };
  await expect.poll(read, { timeout: 10_000, interval: 100 }).toEqual([
    { status: 200, result: "Hit", requests: 2, bytes: 20, originRequests: 0 },
    { status: 200, result: "Miss", requests: 2, bytes: 20, originRequests: 2 },
    { status: 404, result: "Error", requests: 2, bytes: 20, originRequests: 1 },
  ]);
  const earlier = await callVerge<Metrics>(cdn.verge, "GET", `/cdn/metrics?distribution=${id}&to=2026-01-01T00:00:00Z`);
  expect(earlier.points).toEqual([]);
});

test("metrics want a distribution that is, and a period of minutes", async () => {
  const { id } = await cdn.install(answer);
  const get = (query: string) => callVerge(cdn.verge, "GET", `/cdn/metrics${query}`);
  await expect(get("")).rejects.toThrow(/ValidationError/);
  await expect(get("?distribution=E0000000000000")).rejects.toThrow(/NoSuchEntity/);
  await expect(get(`?distribution=${id}&period=90`)).rejects.toThrow(/ValidationError/);
  await expect(get(`?distribution=${id}&from=yesterday`)).rejects.toThrow(/ValidationError/);
});

async function findRootAccount(): Promise<string> {
  const { accounts } = await callVerge<{ accounts: [{ id: string }] }>(cdn.verge, "GET", "/accounts");
  return accounts[0].id;
}

/** The fields of all lines in a bucket of logs, as soon as there are so many. */
async function readLines(Bucket: string, count: number, name = /\.gz$/): Promise<string[][]> {
  const lines: string[][] = [];
  const readAll = async () => {
    lines.length = 0;
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key = "" } of Contents) {
      expect(Key).toMatch(name);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const [version, fields, ...rest] = gunzipSync(await Body!.transformToByteArray())
        .toString()
        .trimEnd()
        .split("\n");
      expect(version).toBe("#Version: 1.0");
      expect(fields).toMatch(/^#Fields: date time x-edge-location sc-bytes c-ip cs-method cs\(Host\) cs-uri-stem /);
      lines.push(...rest.map((line) => line.split("\t")));
    }
    return lines.length;
  };
  await expect.poll(readAll, { timeout: 10_000, interval: 200 }).toBe(count);
  return lines;
}

test("standard logs are written to the bucket, as CloudFront writes them", async () => {
  const Bucket = "cdn-logs";
  await s3.send(new CreateBucketCommand({ Bucket }));
  // The owner of the bucket is the distribution's too.
  const accountId = await findRootAccount();
  const { id, url } = await cdn.install(
    answer,
    {
      Origins: [describeCustomOrigin(cdn.origin.port)],
      Logging: { Enabled: true, IncludeCookies: false, Bucket: `${Bucket}.s3.amazonaws.com`, Prefix: "site" },
    },
    { accountId },
  );
  const headers = {
    "cf-connecting-ip": "203.0.113.9",
    "user-agent": "A b\tc",
    cookie: "secret=1",
    referer: "https://x.test/",
  };
  await ask(`${url}/page?a=1`, { headers });
  await ask(`${url}/page?a=1`, { headers: { ...headers, range: "bytes=2-4" } });

  const lines = await readLines(Bucket, 2, new RegExp(`^site/${id}\\.\\d{4}-\\d{2}-\\d{2}-\\d{2}\\.[0-9a-f]{8}\\.gz$`));
  const [first, second] = lines.toSorted((a, b) => Number(b[13] === "Miss") - Number(a[13] === "Miss"));
  expect(first).toHaveLength(33);
  // With the head of the answer.
  expect(Number(first![3])).toBeGreaterThan(10 + 150);
  expect(first!.slice(4, 16)).toEqual([
    "203.0.113.9",
    "GET",
    `${id.toLowerCase()}.cdn.localhost`,
    "/page",
    "200",
    "https://x.test/",
    "A%20b%09c",
    "a=1",
    "-",
    "Miss",
    expect.any(String),
    "127.0.0.1",
  ]);
  expect(second![13]).toBe("Hit");
  expect(second![8]).toBe("206");
  expect(second!.slice(-2)).toEqual(["2", "4"]);
});

test.each([
  ["of unknown length", {}, 1_000],
  ["of known length", { "content-length": 600_000 }, 600_000],
])("the log tells how long a body %s took, and when it began", async (name, head, bytes) => {
  const Bucket = `cdn-times-${name.replaceAll(" ", "-")}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { url } = await cdn.install(
    async (_request, response) => {
      response.writeHead(200, { "cache-control": "no-store", ...head }).write(Buffer.alloc(bytes / 2));
      await new Promise((resolve) => setTimeout(resolve, 600));
      response.end(Buffer.alloc(bytes / 2));
    },
    {
      Origins: [describeCustomOrigin(cdn.origin.port)],
      Logging: { Enabled: true, IncludeCookies: false, Bucket: `${Bucket}.s3.amazonaws.com`, Prefix: "" },
    },
    { accountId: await findRootAccount() },
  );
  expect((await ask(`${url}/slow`)).text).toHaveLength(bytes);
  const lines = await readLines(Bucket, 1);
  const { [3]: sent, [18]: taken, [27]: firstByte } = lines[0]!;
  expect(Number(sent) - bytes).toBeGreaterThan(150);
  expect(Number(sent) - bytes).toBeLessThan(600);
  expect(Number(taken)).toBeGreaterThan(0.5);
  expect(Number(firstByte)).toBeLessThan(Number(taken) - 0.3);
});
