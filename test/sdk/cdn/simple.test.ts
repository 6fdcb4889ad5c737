import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GetDistributionConfigCommand, ListInvalidationsCommand } from "@aws-sdk/client-cloudfront";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCloudFrontClient } from "../../support/cloudfront.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

const run = promisify(execFile);

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge();
});
afterAll(() => verge.stop());

/** `npm run cdn -- …`, without npm around it. */
const runCdn = (...words: string[]) =>
  run(process.execPath, ["scripts/cdn.ts", ...words], {
    env: {
      PATH: process.env["PATH"],
      VERGE_ENDPOINT: verge.endpoint,
      VERGE_REGION: verge.region,
      VERGE_ROOT_ACCESS_KEY_ID: verge.accessKeyId,
      VERGE_ROOT_SECRET_ACCESS_KEY: verge.secretAccessKey,
    },
  });

it("one line puts a CDN in front of a private bucket, and purges it", async () => {
  const s3 = createS3Client(verge);
  await s3.send(new CreateBucketCommand({ Bucket: "pages" }));
  await s3.send(new PutObjectCommand({ Bucket: "pages", Key: "hello.txt", Body: "hello" }));
  const { stdout } = await runCdn("bucket", "pages", "--comment", "ours");
  const [, id = ""] = /^distribution +(E[0-9A-Z]{13})$/m.exec(stdout) ?? [];
  const [, url = ""] = /^URL +(\S+)$/m.exec(stdout) ?? [];
  const cloudFront = createCloudFrontClient(verge);
  const { DistributionConfig } = await cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
  expect(DistributionConfig).toMatchObject({ Comment: "ours", Enabled: true });

  const first = await fetch(`${url}hello.txt`);
  expect([await first.text(), first.status]).toEqual(["hello", 200]);
  const second = await fetch(`${url}hello.txt`);
  expect([await second.text(), second.headers.get("x-cache")]).toEqual(["hello", expect.stringMatching(/^Hit/)]);

  await runCdn("purge", id, "/hello.txt", "--soft");
  const { InvalidationList } = await cloudFront.send(new ListInvalidationsCommand({ DistributionId: id }));
  expect(InvalidationList).toMatchObject({ Quantity: 1, Items: [{ Status: "InProgress" }] });
});

it("or in front of a web server; what is not there is said", async () => {
  const { stdout } = await runCdn("origin", "https://example.com:8443/site/");
  const [, Id = ""] = /^distribution +(\S+)$/m.exec(stdout) ?? [];
  const { DistributionConfig } = await createCloudFrontClient(verge).send(new GetDistributionConfigCommand({ Id }));
  expect(DistributionConfig!.Origins!.Items).toMatchObject([
    {
      DomainName: "example.com",
      OriginPath: "/site",
      CustomOriginConfig: { HTTPSPort: 8_443, OriginProtocolPolicy: "https-only" },
    },
  ]);
  await expect(runCdn("bucket", "nothing")).rejects.toMatchObject({
    stderr: expect.stringContaining("NoSuchEntity: The bucket nothing cannot be found."),
  });
  await expect(runCdn("purge", "E0000000000000", "/*")).rejects.toMatchObject({
    stderr: expect.stringContaining("NoSuchEntity"),
  });
  await expect(runCdn("origin", "ftp://example.com")).rejects.toMatchObject({
    stderr: expect.stringContaining("ValidationError"),
  });
});
