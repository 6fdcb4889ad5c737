import { describe, expect, it } from "vitest";
import { resolveAddress } from "../../../src/gateway/address.ts";

const DOMAIN = "verge.example";

describe("resolveAddress", () => {
  it.each([
    ["verge.example", "/", "", ""],
    ["verge.example", "/photos", "photos", ""],
    ["verge.example", "/photos/", "photos", ""],
    ["127.0.0.1", "/photos/a/b.jpg", "photos", "a/b.jpg"],
    ["verge.example", "/photos//a", "photos", "/a"],
    ["verge.example", "/photos/../other/key", "photos", "../other/key"],
    ["verge.example", "/photos/%2e%2e/other", "photos", "../other"],
    ["verge.example", "/photos/a%2Fb", "photos", "a/b"],
    ["verge.example", "/photos/100%", "photos", "100%"],
    ["verge.example", "/photos/%E2%9C%93", "photos", "✓"],
    ["s3.verge.example", "/photos/a", "photos", "a"],
  ])("takes %s%s as path style", (host, path, bucket, key) => {
    expect(resolveAddress(host, path, DOMAIN)).toEqual({ service: "s3", bucket, key, virtualHosted: false });
  });

  it.each([
    ["photos.s3.verge.example", "/a", "photos", "a"],
    ["photos.verge.example", "/a", "photos", "a"],
    ["my.dotted.s3.verge.example", "//x", "my.dotted", "/x"],
    ["photos.s3.verge.example", "/", "photos", ""],
    // Reserved paths belong to the base domain alone: in a bucket's host they are keys.
    ["photos.s3.verge.example", "/_verge/health", "photos", "_verge/health"],
  ])("takes %s%s as virtual-hosted style", (host, path, bucket, key) => {
    expect(resolveAddress(host, path, DOMAIN)).toEqual({ service: "s3", bucket, key, virtualHosted: true });
  });

  it.each([
    ["verge.example", "/_verge/api/accounts", ["api", "accounts"]],
    ["127.0.0.1", "/_verge", []],
  ])("takes %s%s as Verge's own", (host, path, segments) => {
    expect(resolveAddress(host, path, DOMAIN)).toEqual({ service: "verge", segments });
  });

  it.each([
    ["verge.example", "/2015-03-31/functions"],
    ["127.0.0.1", "/2017-03-31/tags/arn%3Aaws%3Alambda"],
    ["verge.example", "/2025-12-01/anything"],
  ])("takes %s%s as Lambda's", (host, path) => {
    expect(resolveAddress(host, path, DOMAIN)).toEqual({ service: "lambda" });
  });

  it("knows the links to packages of functions", () => {
    const codeId = "123456789012/0f0e0d0c-0b0a-4900-8070-605040302010";
    expect(resolveAddress(DOMAIN, `/_fn/code/${codeId}`, DOMAIN)).toEqual({ service: "function-code", codeId });
    expect(resolveAddress(DOMAIN, `/_fn/code/${codeId}/..`, DOMAIN).service).toBe("unsupported");
  });

  it.each([
    ["verge.example", "/2020-05-31/distribution"],
    ["photos.s3-control.verge.example", "/v20180820/configuration/publicAccessBlock"],
    ["verge.example", "/_fn/abc/"],
    ["verge.example", "/_cdn/"],
  ])("names %s%s as not served", (host, path) => {
    expect(resolveAddress(host, path, DOMAIN).service).toBe("unsupported");
  });

  it.each(["photos.s3-website", "photos.s3-website-us-east-1", "photos.s3-website.us-east-1"])(
    "takes %s as the website of a bucket",
    (label) => {
      const address = resolveAddress(`${label}.${DOMAIN}`, "/a%20b", DOMAIN);
      expect(address).toEqual({ service: "website", bucket: "photos", key: "a b" });
    },
  );

  it.each([
    ["verge.example", undefined],
    ["111122223333.s3-control.verge.example", "111122223333"],
    ["111122223333.verge.example", "111122223333"],
  ])("takes %s/v20180820/… as S3 Control", (host, accountId) => {
    const expected = { service: "s3-control", accountId };
    expect(resolveAddress(host, "/v20180820/configuration/publicAccessBlock", DOMAIN)).toEqual(expected);
  });

  it.each([
    ["e0abc.cdn.verge.example", "/a/../b", "/a/../b", false],
    ["127.0.0.1", "/_cdn/E0ABC/a%2Fb", "/a%2Fb", true],
    ["verge.example", "/_cdn/e0abc", "/", true],
  ])("takes %s%s as a distribution's", (host, path, rawPath, byPath) => {
    const expected = { service: "cdn", distributionId: "E0ABC", rawPath, byPath };
    expect(resolveAddress(host, path, DOMAIN)).toEqual(expected);
  });

  it("leaves what viewers of a distribution sign to its origin", () => {
    expect(resolveAddress("e0abc.cdn.verge.example", "/", DOMAIN, "sqs").service).toBe("cdn");
  });

  it("goes by the service that a request is signed for where the path could be a bucket's", () => {
    expect(resolveAddress(DOMAIN, "/schedules/nightly", DOMAIN, "scheduler").service).not.toBe("s3");
    expect(resolveAddress(DOMAIN, "/schedules/nightly", DOMAIN, "s3").service).toBe("s3");
    expect(resolveAddress(DOMAIN, "/schedules/nightly", DOMAIN).service).toBe("s3");
  });

  it("refuses a key that is not UTF-8", () => {
    expect(() => resolveAddress("verge.example", "/photos/%ff%fe", DOMAIN)).toThrow(/parse the specified URI/);
  });
});
