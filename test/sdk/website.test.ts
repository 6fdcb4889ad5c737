import { request as sendRequest } from "node:http";
import {
  DeleteBucketWebsiteCommand,
  DeletePublicAccessBlockCommand,
  GetBucketWebsiteCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  type S3Client,
  type WebsiteConfiguration,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makePublicBucket();
  const pages = { "index.html": "home", "docs/index.html": "docs", "error.html": "sorry", "a/x.txt": "x" };
  for (const [Key, Body] of Object.entries(pages)) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/html" }));
  }
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** A bucket whose objects anybody may read, and whose names anybody may list. */
async function makePublicBucket(): Promise<string> {
  const name = await makeBucket(client);
  await client.send(new DeletePublicAccessBlockCommand({ Bucket: name }));
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}/*` },
      { Effect: "Allow", Principal: "*", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${name}` },
    ],
  });
  await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
  return name;
}

interface Page {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** As a browser asks for a page; Node does not resolve sub-hosts of localhost. */
function browse(
  path: string,
  { bucket = Bucket, method = "GET", endpoint = "s3-website", headers = {} } = {},
): Promise<Page> {
  const { hostname, port } = new URL(verge.endpoint);
  return new Promise((resolve, reject) => {
    const sent = sendRequest(
      { hostname, port, path, method, headers: { ...headers, host: `${bucket}.${endpoint}.localhost:${port}` } },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
        answer.on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

function configure(WebsiteConfiguration: WebsiteConfiguration, bucket = Bucket) {
  return client.send(new PutBucketWebsiteCommand({ Bucket: bucket, WebsiteConfiguration }));
}
const INDEX = { IndexDocument: { Suffix: "index.html" } };

describe("a website", () => {
  test("has an index page in each folder, at both endpoints", async () => {
    await configure(INDEX);
    expect(await browse("/")).toMatchObject({ status: 200, text: "home", headers: { "content-type": "text/html" } });
    expect(await browse("/docs/")).toMatchObject({ status: 200, text: "docs" });
    expect(await browse("/", { endpoint: `s3-website-${verge.region}` })).toMatchObject({ text: "home" });
    expect(await browse("/docs")).toMatchObject({ status: 302, headers: { location: "/docs/" } });
    expect(await browse("/a/x.txt", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect(await browse("/a/x.txt", { headers: { range: "bytes=0-0" } })).toMatchObject({ status: 206 });
  });

  test("answers errors in HTML, or by the error document", async () => {
    await configure(INDEX);
    const plain = await browse("/no%3Cwhere%3E");
    expect(plain).toMatchObject({ status: 404, headers: { "x-amz-error-code": "NoSuchKey" } });
    expect(plain.headers["content-type"]).toContain("text/html");
    expect(plain.text).toContain("Code: NoSuchKey");
    expect(plain.text).not.toContain("<where>");
    expect(await browse("/", { method: "POST" })).toMatchObject({ status: 405 });
    await configure({ ...INDEX, ErrorDocument: { Key: "error.html" } });
    expect(await browse("/nowhere")).toMatchObject({ status: 404, text: "sorry" });
    await configure({ ...INDEX, ErrorDocument: { Key: "gone.html" } });
    expect((await browse("/nowhere")).text).toContain("Custom Error Document");
  });

  test("redirects by prefix, by error, and by the object", async () => {
    await configure({
      ...INDEX,
      RoutingRules: [
        { Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/", HttpRedirectCode: "302" } },
        {
          Condition: { HttpErrorCodeReturnedEquals: "404", KeyPrefixEquals: "lost/" },
          Redirect: { HostName: "example.com", Protocol: "https", ReplaceKeyWith: "found.html" },
        },
      ],
    });
    const { port } = new URL(verge.endpoint);
    const own = `http://${Bucket}.s3-website.localhost:${port}`;
    expect(await browse("/old/a%20b")).toMatchObject({ status: 302, headers: { location: `${own}/new/a%20b` } });
    expect(await browse("/lost/x")).toMatchObject({
      status: 301,
      headers: { location: "https://example.com/found.html" },
    });
    expect(await browse("/missing")).toMatchObject({ status: 404 });
    const put = { Bucket, Key: "moved", WebsiteRedirectLocation: "/docs/" };
    await client.send(new PutObjectCommand(put));
    expect(await browse("/moved")).toMatchObject({ status: 301, headers: { location: "/docs/" } });
  });

  test("may be elsewhere as a whole", async () => {
    const bucket = await makePublicBucket();
    await configure({ RedirectAllRequestsTo: { HostName: "example.com", Protocol: "https" } }, bucket);
    expect(await browse("/a/b?c", { bucket })).toMatchObject({
      status: 301,
      headers: { location: "https://example.com/a/b" },
    });
  });

  test("is for anybody, and shows what anybody may see", async () => {
    const bucket = await makeBucket(client);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: "index.html", Body: "secret" }));
    await configure(INDEX, bucket);
    expect(await browse("/", { bucket })).toMatchObject({
      status: 403,
      headers: { "x-amz-error-code": "AccessDenied" },
    });
    const none = await makeBucket(client);
    expect(await browse("/", { bucket: none })).toMatchObject({
      status: 404,
      headers: { "x-amz-error-code": "NoSuchWebsiteConfiguration" },
    });
    expect(await browse("/", { bucket: "nobodys-bucket" })).toMatchObject({ status: 404 });
  });

  test("is read back as it was put, and goes", async () => {
    const bucket = await makeBucket(client);
    const website: WebsiteConfiguration = {
      ...INDEX,
      ErrorDocument: { Key: "e" },
      RoutingRules: [
        {
          Condition: { KeyPrefixEquals: "a", HttpErrorCodeReturnedEquals: "404" },
          Redirect: { HostName: "h", HttpRedirectCode: "307", Protocol: "http", ReplaceKeyWith: "k" },
        },
      ],
    };
    await configure(website, bucket);
    expect(await client.send(new GetBucketWebsiteCommand({ Bucket: bucket }))).toMatchObject(website);
    await client.send(new DeleteBucketWebsiteCommand({ Bucket: bucket }));
    const missing = await failureOf(client.send(new GetBucketWebsiteCommand({ Bucket: bucket })));
    expect(missing).toMatchObject({ code: "NoSuchWebsiteConfiguration", status: 404 });
  });

  test.each<[string, WebsiteConfiguration, string]>([
    ["no index", {}, "InvalidArgument"],
    ["a slash in the suffix", { IndexDocument: { Suffix: "a/b" } }, "InvalidArgument"],
    [
      "a redirect of everything beside an index",
      { ...INDEX, RedirectAllRequestsTo: { HostName: "h" } },
      "InvalidArgument",
    ],
    [
      "two replacements",
      { ...INDEX, RoutingRules: [{ Redirect: { ReplaceKeyWith: "a", ReplaceKeyPrefixWith: "b" } }] },
      "InvalidRequest",
    ],
    [
      "a redirect that is none",
      { ...INDEX, RoutingRules: [{ Redirect: { HttpRedirectCode: "200" } }] },
      "InvalidRequest",
    ],
    [
      "an error that is none",
      { ...INDEX, RoutingRules: [{ Condition: { HttpErrorCodeReturnedEquals: "200" }, Redirect: { HostName: "h" } }] },
      "InvalidRequest",
    ],
  ])("is refused with %s", async (_, website, code) => {
    expect(await failureOf(configure(website))).toMatchObject({ code, status: 400 });
  });
});
