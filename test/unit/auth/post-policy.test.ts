import { expect, test } from "vitest";
import type { Credential } from "../../../src/auth/identity.ts";
import { verifyPolicySignature } from "../../../src/auth/post-policy.ts";

const ACCOUNT = { id: "111122223333", canonicalId: "c", displayName: "d", email: "e@example.com", root: false };
const KEY: Credential = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  account: ACCOUNT,
  status: "Active",
};
const findCredential = async (id: string) => (id === KEY.accessKeyId ? KEY : undefined);

/** "Example: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)": policy and signature as printed. */
const POLICY =
  "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
const SIGNED = {
  version: 4,
  policy: POLICY,
  algorithm: "AWS4-HMAC-SHA256",
  credential: "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
  date: "20151229T000000Z",
  signature: "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
  sessionToken: undefined,
} as const;

const verify = (signed: Parameters<typeof verifyPolicySignature>[0], day = "2015-12-29T12:00:00Z") =>
  verifyPolicySignature(signed, { region: "us-east-1", now: Date.parse(day), findCredential });

test("AWS's documented example verifies", async () => {
  expect(await verify(SIGNED)).toBe(KEY);
});

test("a signature serves for seven days", async () => {
  await expect(verify(SIGNED, "2016-01-05T00:00:00Z")).resolves.toBeDefined();
  await expect(verify(SIGNED, "2016-01-05T00:00:01Z")).rejects.toMatchObject({ message: "Request has expired" });
  await expect(verify(SIGNED, "2015-12-28T23:44:59Z")).rejects.toMatchObject({ message: "Request is not yet valid" });
});

test.each([
  [{ algorithm: "AWS4-ECDSA-P256-SHA256" }, "InvalidArgument"],
  [{ date: "2015-12-29" }, "InvalidArgument"],
  [{ credential: "AKIAIOSFODNN7EXAMPLE" }, "InvalidArgument"],
  [{ credential: "AKIAIOSFODNN7EXAMPLE/20151228/us-east-1/s3/aws4_request" }, "InvalidArgument"],
  [{ credential: "AKIAIOSFODNN7EXAMPLE/20151229/eu-west-1/s3/aws4_request" }, "InvalidArgument"],
  [{ credential: "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/iam/aws4_request" }, "InvalidArgument"],
  [{ credential: "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws2_request" }, "InvalidArgument"],
  [{ credential: "AKIAUNKNOWN/20151229/us-east-1/s3/aws4_request" }, "InvalidAccessKeyId"],
  [{ policy: `${POLICY}A` }, "SignatureDoesNotMatch"],
  [{ signature: "" }, "SignatureDoesNotMatch"],
])("what differs is refused: %j", async (change, code) => {
  await expect(verify({ ...SIGNED, ...change })).rejects.toMatchObject({ code });
});

test("SigV2 is the HMAC-SHA1 of the policy", async () => {
  // openssl dgst -sha1 -hmac, over the same policy.
  const signed = { version: 2, policy: POLICY, accessKeyId: KEY.accessKeyId, sessionToken: undefined } as const;
  await expect(verify({ ...signed, signature: "QyigO3Da7gYxPW1IXllc6C7gI74=" })).resolves.toBe(KEY);
  await expect(verify({ ...signed, signature: SIGNED.signature })).rejects.toMatchObject({
    code: "SignatureDoesNotMatch",
  });
});
