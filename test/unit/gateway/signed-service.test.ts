import { describe, expect, it } from "vitest";
import { readSignedService } from "../../../src/gateway/signed-service.ts";

const CREDENTIAL = "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1";

describe("readSignedService", () => {
  it.each([
    [`${CREDENTIAL}/s3/aws4_request, SignedHeaders=host, Signature=0`, "s3"],
    [`${CREDENTIAL}/scheduler/aws4_request,SignedHeaders=host,Signature=0`, "scheduler"],
    ["AWS AKID:c2lnbmF0dXJl", undefined],
    ["Bearer token", undefined],
  ])("reads %s", (authorization, service) => {
    expect(readSignedService(new Headers({ authorization }))).toBe(service);
  });

  it("knows none of an unsigned request", () => {
    expect(readSignedService(new Headers())).toBeUndefined();
  });
});
