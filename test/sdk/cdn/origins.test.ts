import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { AddPermissionCommand, CreateFunctionUrlConfigCommand } from "@aws-sdk/client-lambda";
import { beforeAll, describe, expect, test } from "vitest";

import type { Origin } from "../../../src/metadata/cdn/distribution-config.ts";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import {
  ALL_VIEWER,
  describeBehavior,
  describeCachePolicy,
  describeCustomOrigin,
  installDistribution,
  ROOT_ACCOUNT,
} from "../../support/distribution.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { callVerge } from "../../support/verge-api.ts";

const cdn = useCdn();

const s3Origin = (bucket: string, more: Partial<Origin> = {}): Origin => {
  const { CustomOriginConfig: _custom, ...origin } = describeCustomOrigin(80);
  return {
    ...origin,
    Id: "bucket",
    DomainName: `${bucket}.s3.us-east-1.amazonaws.com`,
    S3OriginConfig: { OriginAccessIdentity: "", OriginReadTimeout: 30 },
    ...more,
  };
};

const CONTROL = {
  own: {
    Name: "own",
    Description: "",
    SigningProtocol: "sigv4",
    SigningBehavior: "always",
    OriginAccessControlOriginType: "s3",
  },
} as const;

describe("a bucket of this deployment", () => {
  let account: string;
  beforeAll(async () => {
    const s3 = createS3Client(cdn.verge);
    await s3.send(new CreateBucketCommand({ Bucket: "site" }));
    const put = (Key: string, Body: string) =>
      s3.send(new PutObjectCommand({ Bucket: "site", Key, Body, ContentType: "text/html" }));
    await put("index.html", "<h1>home</h1>");
    await put("folder/a b+c.txt", "odd name");
    await s3.send(
      new PutBucketCorsCommand({
        Bucket: "site",
        CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://shop.example"] }] },
      }),
    );
    const { accounts } = await callVerge<{ accounts: { id: string; root: boolean }[] }>(cdn.verge, "GET", "/accounts");
    account = accounts.find(({ root }) => root)!.id;
  });

  const install = (more: Partial<Origin> = {}, accountId = account) =>
    installDistribution(
      cdn.verge,
      {
        Origins: [s3Origin("site", more)],
        DefaultRootObject: "index.html",
        DefaultCacheBehavior: describeBehavior({ TargetOriginId: "bucket", CachePolicyId: "day" }),
      },
      { accountId, originAccessControls: CONTROL, cachePolicies: { day: describeCachePolicy({ DefaultTTL: 86_400 }) } },
    );

  test("is read in the name of its owner by origin access control", async () => {
    const { url } = await install({ OriginAccessControlId: "own" });
    expect(await ask(`${url}/`)).toMatchObject({ status: 200, text: "<h1>home</h1>", from: "Miss" });
    expect(await ask(`${url}/index.html`)).toMatchObject({ status: 200, text: "<h1>home</h1>", from: "Hit" });
    expect((await ask(`${url}/folder/a%20b%2Bc.txt`)).text).toBe("odd name");
  });

  test.each([
    ["small", 3_000],
    ["larger", 300_000],
  ])("a %s object tells its length, and is compressed", async (name, length) => {
    const Body = "compressible ".repeat(length).slice(0, length);
    const s3 = createS3Client(cdn.verge);
    await s3.send(new PutObjectCommand({ Bucket: "site", Key: `${name}.css`, Body, ContentType: "text/css" }));
    const { url } = await installDistribution(
      cdn.verge,
      {
        Origins: [s3Origin("site", { OriginAccessControlId: "own" })],
        DefaultCacheBehavior: describeBehavior({ TargetOriginId: "bucket", CachePolicyId: "gzip", Compress: true }),
      },
      {
        accountId: account,
        originAccessControls: CONTROL,
        cachePolicies: { gzip: describeCachePolicy({ DefaultTTL: 60 }, { EnableAcceptEncodingGzip: true }) },
      },
    );
    const plain = await ask(`${url}/${name}.css`, { headers: { "accept-encoding": "identity" } });
    expect(plain).toMatchObject({ from: "Miss", text: Body });
    expect(plain.headers.get("content-length")).toBe(String(length));
    for (const from of ["Miss", "Hit"]) {
      const zipped = await ask(`${url}/${name}.css`, { headers: { "accept-encoding": "gzip" } });
      expect(zipped).toMatchObject({ from, text: Body });
      expect(zipped.headers.get("content-encoding")).toBe("gzip");
    }
  });

  test("shows nothing but objects: neither lists nor sub-resources", async () => {
    const { url } = await install({ OriginAccessControlId: "own" });
    expect((await ask(`${url}/index.html?acl`)).text).toBe("<h1>home</h1>");
    const { url: rootless } = await installDistribution(
      cdn.verge,
      {
        Origins: [s3Origin("site", { OriginAccessControlId: "own" })],
        DefaultCacheBehavior: describeBehavior({ TargetOriginId: "bucket" }),
      },
      { accountId: account, originAccessControls: CONTROL },
    );
    expect((await ask(`${rootless}/?list-type=2`)).status).toBe(403);
    expect((await ask(`${rootless}/index.html`, { method: "DELETE" })).status).toBe(405);
    expect((await ask(`${url}/index.html`)).status).toBe(200);
  });

  test("is nobody's without it, and not another account's with it", async () => {
    expect((await ask(`${(await install()).url}/index.html`)).status).toBe(403);
    const other = await install({ OriginAccessControlId: "own" }, "999999999999");
    expect((await ask(`${other.url}/index.html`)).status).toBe(403);
  });

  test("keeps its own ranges, conditions and headers", async () => {
    const { url } = await install({ OriginAccessControlId: "own" });
    const whole = await ask(`${url}/index.html`);
    expect(whole.headers.get("content-type")).toBe("text/html");
    const etag = whole.headers.get("etag")!;
    expect((await ask(`${url}/index.html`, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect(await ask(`${url}/index.html`, { headers: { range: "bytes=4-7" } })).toMatchObject({
      status: 206,
      text: "home",
    });
    const { url: cold } = await install({ OriginAccessControlId: "own" });
    expect(await ask(`${cold}/index.html`, { headers: { range: "bytes=4-7" } })).toMatchObject({
      status: 206,
      text: "home",
    });
  });

  test("may deny all distributions but one, by its policy", async () => {
    const Bucket = "choosy";
    const s3 = createS3Client(cdn.verge);
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "for one" }));
    const change = { DomainName: `${Bucket}.s3.amazonaws.com`, OriginAccessControlId: "own" };
    const [named, other] = await Promise.all([install(change), install(change)]);
    const Statement = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${Bucket}/*`,
      Condition: { StringNotEquals: { "aws:SourceArn": `arn:aws:cloudfront::${account}:distribution/${named.id}` } },
    };
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
    expect(await ask(`${named.url}/a`)).toMatchObject({ status: 200, text: "for one" });
    expect((await ask(`${other.url}/a`)).status).toBe(403);
  });

  test("missing keys are 404 for its owner's distribution", async () => {
    const { url } = await install({ OriginAccessControlId: "own" });
    expect((await ask(`${url}/nothing`)).status).toBe(404);
  });
});

describe("the website of a bucket of this deployment", () => {
  test.each(["s3-website-us-east-1.amazonaws.com", "s3-website.eu-central-1.amazonaws.com", "s3-website.localhost"])(
    "answers at <bucket>.%s with its index pages and its error document",
    async (endpoint) => {
      const Bucket = `pages-${endpoint.length}`;
      const s3 = createS3Client(cdn.verge);
      await s3.send(new CreateBucketCommand({ Bucket }));
      await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
      // Who may not list a bucket is told 403 of what is not there.
      const Statement = {
        Effect: "Allow",
        Principal: "*",
        Action: ["s3:GetObject", "s3:ListBucket"],
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      };
      await s3.send(
        new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
      );
      const put = (Key: string, Body: string) =>
        s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/html" }));
      await put("docs/index.html", "<h1>docs</h1>".padEnd(2_000));
      await put("404.html", "<h1>lost</h1>");
      await s3.send(
        new PutBucketWebsiteCommand({
          Bucket,
          WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" }, ErrorDocument: { Key: "404.html" } },
        }),
      );
      const { url } = await installDistribution(
        cdn.verge,
        {
          Origins: [describeCustomOrigin(80, { DomainName: `${Bucket}.${endpoint}` })],
          DefaultCacheBehavior: describeBehavior({ CachePolicyId: "day" }),
        },
        { cachePolicies: { day: describeCachePolicy({ DefaultTTL: 86_400 }) } },
      );
      const page = await ask(`${url}/docs/`);
      expect(page).toMatchObject({ status: 200, text: "<h1>docs</h1>".padEnd(2_000), from: "Miss" });
      expect(page.headers.get("content-length")).toBe("2000");
      expect(await ask(`${url}/docs/`)).toMatchObject({ status: 200, from: "Hit" });
      const folder = await ask(`${url}/docs`);
      expect(folder).toMatchObject({ status: 302 });
      expect(folder.headers.get("location")).toBe("/docs/");
      expect(await ask(`${url}/nothing`)).toMatchObject({ status: 404, text: "<h1>lost</h1>" });
    },
  );
});

describe("a function of this deployment", () => {
  test("with AuthType AWS_IAM lets the distribution in that its policy names, by origin access control", async () => {
    const lambda = createLambdaClient(cdn.verge);
    const FunctionName = await createFunction(
      lambda,
      `exports.handler = async (event) => ({ statusCode: 200, body: "for " + event.headers.authorization });`,
    );
    const { FunctionUrl } = await lambda.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "AWS_IAM" }),
    );
    const DomainName = `${/[a-z0-9]{32}/.exec(FunctionUrl!)![0]}.lambda-url.us-east-1.on.aws`;
    const install = (OriginAccessControlId: string) =>
      installDistribution(
        cdn.verge,
        {
          Origins: [describeCustomOrigin(80, { DomainName, OriginAccessControlId })],
          DefaultCacheBehavior: describeBehavior({ OriginRequestPolicyId: ALL_VIEWER }),
        },
        { originAccessControls: { own: { ...CONTROL.own, OriginAccessControlOriginType: "lambda" } } },
      );
    const [named, other, unsigned] = await Promise.all([install("own"), install("own"), install("")]);
    expect((await ask(`${named.url}/a`)).status).toBe(403);
    await lambda.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: "cdn",
        Action: "lambda:InvokeFunctionUrl",
        Principal: "cloudfront.amazonaws.com",
        SourceArn: `arn:aws:cloudfront::${ROOT_ACCOUNT}:distribution/${named.id}`,
        FunctionUrlAuthType: "AWS_IAM",
      }),
    );
    await expect.poll(async () => (await ask(`${named.url}/b`)).status, { timeout: 10_000, interval: 200 }).toBe(200);
    expect((await ask(`${other.url}/c`)).status).toBe(403);
    expect((await ask(`${unsigned.url}/d`)).status).toBe(403);
    expect((await ask(FunctionUrl!)).status).toBe(403);
    // What a viewer calls himself is no signature.
    const viewer = { headers: { authorization: "Bearer of a viewer" } };
    expect((await ask(`${named.url}/e`, viewer)).text).toBe("for Bearer of a viewer");
    expect((await ask(`${unsigned.url}/e`, viewer)).status).toBe(403);
  });

  test("answers behind behaviours, as an HTTP gateway has them", async () => {
    const lambda = createLambdaClient(cdn.verge);
    const urls: string[] = [];
    for (const name of ["first", "second"]) {
      const FunctionName = await createFunction(
        lambda,
        `exports.handler = async (event) => ({ statusCode: 200, headers: { "cache-control": "max-age=60" }, body: "${name} " + event.rawPath + " " + (event.body ?? "") });`,
      );
      const { FunctionUrl } = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE" }));
      await lambda.send(
        new AddPermissionCommand({
          FunctionName,
          StatementId: "public",
          Action: "lambda:InvokeFunctionUrl",
          Principal: "*",
          FunctionUrlAuthType: "NONE",
        }),
      );
      urls.push(/[a-z0-9]{32}/.exec(FunctionUrl!)![0]);
    }
    const origins = urls.map((id, position) =>
      describeCustomOrigin(80, { Id: `f${position}`, DomainName: `${id}.lambda-url.us-east-1.on.aws` }),
    );
    const { url } = await cdn.install((_request, response) => void response.end("rest"), {
      Origins: [describeCustomOrigin(cdn.origin.port), ...origins],
      CacheBehaviors: [
        { ...describeBehavior({ TargetOriginId: "f0" }), PathPattern: "/api/a/*" },
        { ...describeBehavior({ TargetOriginId: "f1" }), PathPattern: "/api/b/*" },
      ],
    });
    expect(await ask(`${url}/api/a/x`)).toMatchObject({ text: "first /api/a/x ", from: "Miss" });
    expect(await ask(`${url}/api/a/x`)).toMatchObject({ text: "first /api/a/x ", from: "Hit" });
    expect(await ask(`${url}/api/b/y`, { method: "POST", body: "sent" })).toMatchObject({
      text: "second /api/b/y sent",
    });
    expect(await ask(`${url}/other`)).toMatchObject({ text: "rest" });
  });
});
