import { CreateBucketCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { callApi } from "../../../scripts/local/api-client.ts";
import {
  encodePolicy,
  type Fields,
  hoursFromNow,
  type PolicyOptions,
  type PostAnswer,
  postBytes,
  encodeForm,
  postForm,
  signV2,
  signV4,
  BOUNDARY,
} from "../../support/post-form.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge } from "../../support/server.ts";
import type { Verge } from "../../support/server.ts";

/** Attack 4: what a policy does not cover must not be possible with its signature. */
const BUCKET = "post-attacked";
const OTHER = "post-other";
const KEY = ["starts-with", "$key", "user/"];
const CONDITIONS = [{ bucket: BUCKET }, KEY];

let verge: Verge;
let s3: S3Client;

beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  for (const Bucket of [BUCKET, OTHER]) await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await verge.stop();
});
// Nothing that is refused leaves anything behind.
afterEach(expectNothingStored);

async function expectNothingStored(): Promise<void> {
  for (const Bucket of [BUCKET, OTHER]) {
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(KeyCount).toBe(0);
  }
}

interface Attempt {
  readonly bucket?: string;
  readonly key?: string;
  readonly extra?: Fields;
  readonly policy?: Partial<PolicyOptions>;
  readonly body?: string | Buffer;
  readonly filename?: string;
}

function attempt({ bucket = BUCKET, key = "user/a", extra = [], policy, body = "evil", filename = "f" }: Attempt) {
  const fields: Fields = [["key", key], ...extra, ...signV4(verge, { conditions: CONDITIONS, ...policy })];
  return postForm(verge, { bucket, fields, file: { body, filename } });
}

function expectDenied(answer: PostAnswer, fault: string): void {
  expect(answer).toMatchObject({ status: 403, code: "AccessDenied", message: `Invalid according to Policy: ${fault}` });
}

describe("attack class 4: what conditions do not cover", () => {
  test("another bucket, also when the form claims the right one", async () => {
    const failed = `Policy Condition failed: ["eq", "$bucket", "${BUCKET}"]`;
    expectDenied(await attempt({ bucket: OTHER }), failed);
    expectDenied(await attempt({ bucket: OTHER, extra: [["bucket", BUCKET]] }), failed);
  });

  test("a policy that does not say which bucket or key", async () => {
    expectDenied(await attempt({ policy: { conditions: [KEY] } }), "Extra input fields: bucket");
    expectDenied(await attempt({ policy: { conditions: [{ bucket: BUCKET }] } }), "Extra input fields: key");
  });

  test("a key outside of the prefix, by itself or through the name of the file", async () => {
    const failed = 'Policy Condition failed: ["starts-with", "$key", "user/"]';
    expectDenied(await attempt({ key: "admin/a" }), failed);
    expectDenied(await attempt({ key: "User/a" }), failed);
    expectDenied(await attempt({ key: "${filename}", filename: "user/a" }), failed);
  });

  test("any further field", async () => {
    for (const name of [
      "acl",
      "Content-Type",
      "x-amz-meta-a",
      "x-amz-storage-class",
      "success_action_redirect",
      "x-amz-tagging",
    ]) {
      expectDenied(await attempt({ extra: [[name, "x"]] }), `Extra input fields: ${name.toLowerCase()}`);
    }
  });

  test("a field given twice, once for the policy and once for use", async () => {
    const extra: Fields = [["KEY", "admin/a"]];
    expect(await attempt({ extra })).toMatchObject({ status: 400, code: "InvalidArgument" });
  });

  test("a value that differs, and a field that is missing", async () => {
    const meta = (operator: string, value: string) => ({
      conditions: [...CONDITIONS, [operator, "$x-amz-meta-a", value]],
    });
    const failed = (operator: string, value: string) =>
      `Policy Condition failed: ["${operator}", "$x-amz-meta-a", "${value}"]`;
    expectDenied(await attempt({ policy: meta("eq", "a"), extra: [["x-amz-meta-a", "b"]] }), failed("eq", "a"));
    expectDenied(await attempt({ policy: meta("eq", "") }), failed("eq", ""));
    expectDenied(await attempt({ policy: meta("starts-with", "a") }), failed("starts-with", "a"));
  });

  test("a list of content types of which one is not allowed", async () => {
    const policy = { conditions: [...CONDITIONS, ["starts-with", "$Content-Type", "image/"]] };
    expectDenied(
      await attempt({ policy, extra: [["Content-Type", "image/png, text/html"]] }),
      'Policy Condition failed: ["starts-with", "$Content-Type", "image/"]',
    );
  });

  test("sizes outside of the range, near its ends and far from them", async () => {
    const policy = { conditions: [...CONDITIONS, ["content-length-range", 5, 100_000]] };
    const large = {
      status: 400,
      code: "EntityTooLarge",
      message: "Your proposed upload exceeds the maximum allowed size",
    };
    expect(await attempt({ policy, body: "4444" })).toMatchObject({
      status: 400,
      code: "EntityTooSmall",
      message: "Your proposed upload is smaller than the minimum allowed size",
    });
    expect(await attempt({ policy, body: Buffer.alloc(100_001) })).toMatchObject(large);
    const narrow = { conditions: [...CONDITIONS, ["content-length-range", 0, 10]] };
    expect(await attempt({ policy: narrow, body: "01234567890" })).toMatchObject(large);
    const longest = { conditions: [...CONDITIONS, ["content-length-range", 10_000_000, 20_000_000]] };
    expect(await attempt({ policy: longest, body: Buffer.alloc(9_000_000) })).toMatchObject({ code: "EntityTooSmall" });
  });
});

describe("attack class 4: who signs", () => {
  test("nobody: a form without a policy is anonymous", async () => {
    const answer = await postForm(verge, { bucket: BUCKET, fields: [["key", "user/a"]], file: { body: "x" } });
    expect(answer).toMatchObject({ status: 403, code: "AccessDenied", message: "Access Denied" });
  });

  test("an account to which the bucket does not belong", async () => {
    const keys = { accessKeyId: "STRANGERKEY000000000", secretAccessKey: "secret-of-a-stranger-0123456789-abcdefgh" };
    await callApi(verge, "POST", "/accounts", { displayName: "Stranger", email: "s@example.com", ...keys });
    const fields: Fields = [["key", "user/a"], ...signV2(keys, encodePolicy({ conditions: CONDITIONS }))];
    const answer = await postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } });
    expect(answer).toMatchObject({ status: 403, code: "AccessDenied", message: "Access Denied" });
  });

  test("with a policy that was changed, or another secret", async () => {
    const fields = signV4(verge, { conditions: [{ bucket: OTHER }, KEY] });
    const changed: Fields = fields.map(([name, value]) =>
      name === "policy" ? [name, encodePolicy({ conditions: CONDITIONS })] : [name, value],
    );
    const forged = signV4({ ...verge, secretAccessKey: "a-guess" }, { conditions: CONDITIONS });
    for (const signed of [changed, forged]) {
      const answer = await postForm(verge, {
        bucket: BUCKET,
        fields: [["key", "user/a"], ...signed],
        file: { body: "x" },
      });
      expect(answer).toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
    }
  });

  test("in two ways at once", async () => {
    const both = [
      ...signV4(verge, { conditions: CONDITIONS }),
      ...signV2(verge, "e30=").filter(([name]) => name !== "policy"),
    ];
    const fields: Fields = [["key", "user/a"], ...both];
    const answer = await postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } });
    expect(answer).toMatchObject({ status: 400, code: "InvalidArgument" });
  });

  test("for another region, service or day, too long ago, or in the future", async () => {
    const send = (options: Parameters<typeof signV4>[2]) => {
      const fields: Fields = [["key", "user/a"], ...signV4(verge, { conditions: CONDITIONS }, options)];
      return postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } });
    };
    expect(await send({ region: "mars-1" })).toMatchObject({ status: 400, code: "InvalidArgument" });
    expect(await send({ service: "lambda" })).toMatchObject({ status: 400, code: "InvalidArgument" });
    const days = (count: number) => new Date(Date.now() + count * 86_400_000);
    expect(await send({ date: days(-8) })).toMatchObject({ status: 403, message: "Request has expired" });
    expect(await send({ date: days(1) })).toMatchObject({ status: 403, message: "Request is not yet valid" });
  });

  test("with temporary credentials that nobody issued", async () => {
    const answer = await attempt({ extra: [["x-amz-security-token", "made-up"]] });
    expect(answer).toMatchObject({ status: 400, code: "InvalidToken" });
  });

  test("does not matter once the policy has expired", async () => {
    expectDenied(await attempt({ policy: { expiration: hoursFromNow(-1) } }), "Policy expired.");
  });
});

test("attack class 4: headers of the request do not count: only fields can be covered", async () => {
  const fields: Fields = [["key", "user/a"], ...signV4(verge, { conditions: CONDITIONS })];
  const truncated = encodeForm({ fields, file: { body: "x" } }).subarray(0, -8);
  const answer = await postBytes(verge, BUCKET, truncated, `multipart/form-data; boundary=${BOUNDARY}`, {
    "x-amz-acl": "public-read",
  });
  expect(answer).toMatchObject({ status: 400, code: "MalformedPOSTRequest" });
});
