import { expect, test } from "vitest";
import { isBucketName } from "../../../src/s3/bucket-name.ts";

test.each([
  "abc",
  "a-b",
  "a.b",
  "123",
  "1.2.3",
  "a".repeat(63),
  "log-delivery-march-2020",
  "my--bucket",
  "a.-b",
  "256.1.1.x",
  "xn-a",
  "s3alias",
])("%s is a bucket name", (name) => {
  expect(isBucketName(name)).toBe(true);
});

test.each([
  "ab",
  "a".repeat(64),
  "Abc",
  "a_b",
  "_abc",
  "-abc",
  "abc-",
  ".abc",
  "abc.",
  "a..b",
  "192.168.5.4",
  "999.999.999.999",
  "xn--abc",
  "sthree-abc",
  "amzn-s3-demo-abc",
  "abc-s3alias",
  "abc--ol-s3",
  "abc.mrap",
  "abc--x-s3",
  "abc--table-s3",
  "bücket",
  "a b",
  "abc\n",
  "",
])("%j is not a bucket name", (name) => {
  expect(isBucketName(name)).toBe(false);
});
