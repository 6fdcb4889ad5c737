import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { s3Operations } from "../../../src/s3/operations.ts";
import { sendRaw } from "../../support/raw-http.ts";
import { amzDate, signInHeader, signInQuery } from "./hand-signed.ts";
import { nameRow, requestRow } from "./operation-rows.ts";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "./target.ts";

// Attack classes 1, 2 and 13: signatures that do not cover what was sent, or not any more.

const MINUTE = 60_000;
const OBJECT = `/${BUCKET}/${CANARY}`;
const PUT = { method: "PUT", target: `/${BUCKET}/planted`, body: "planted" } as const;
/** Each would change what the signer meant. */
const ADDED_HEADERS = {
  "x-amz-acl": "private",
  "x-amz-copy-source": `${BUCKET}/${CANARY}`,
  "x-amz-meta-owner": "mallory",
  "x-amz-storage-class": "GLACIER",
  "x-amz-security-token": "token",
  "x-amz-website-redirect-location": "https://evil.example/",
};

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => target.expectUntouched());
afterAll(() => target.stop());

describe("attack class 2: unsigned x-amz-* headers", () => {
  it.each(Object.entries(ADDED_HEADERS))("%s is refused beside a presigned URL", async (name, value) => {
    expectRefusal(await target.sendPresigned({ ...PUT, unsigned: { [name]: value } }), 403, "AccessDenied");
  });

  it.each(Object.entries(ADDED_HEADERS))("%s is refused beside a signed header", async (name, value) => {
    expectRefusal(await target.send({ ...PUT, unsigned: { [name]: value } }), 403, "AccessDenied");
  });

  it("a value that was replaced after signing is refused", async () => {
    const { bytes } = signInHeader(target, target.key, { ...PUT, headers: { "x-amz-meta-a": "signed!" } });
    const altered = bytes.toString("latin1").replace("signed!", "altered");
    expectRefusal(await sendRaw(target.endpoint, Buffer.from(altered, "latin1")), 403, "SignatureDoesNotMatch");
  });
});

describe("attack class 2: the life of a presigned URL", () => {
  it("is over after its seconds", async () => {
    const answer = await target.sendPresigned({ ...PUT, time: Date.now() - 10_000 }, { "X-Amz-Expires": "5" });
    expectRefusal(answer, 403, "AccessDenied");
    expect(answer.body.toString()).toContain("<Message>Request has expired</Message>");
  });

  it("has not begun when it was signed in the future", async () => {
    const answer = await target.sendPresigned({ ...PUT, time: Date.now() + 16 * MINUTE });
    expectRefusal(answer, 403, "AccessDenied");
    expect(answer.body.toString()).toContain("<Message>Request is not yet valid</Message>");
  });

  it.each(["--1", "1e3", "0x10", "abc"])("cannot be %s seconds", async (expires) => {
    const answer = await target.sendPresigned(PUT, { "X-Amz-Expires": expires });
    expectRefusal(answer, 400, "AuthorizationQueryParametersError");
  });

  it.each(["604801", "99999999999999999999"])("cannot be as long as %s seconds", async (expires) => {
    const answer = await target.sendPresigned(PUT, { "X-Amz-Expires": expires });
    expectRefusal(answer, 403, "AccessDenied");
  });

  it.each(["-1", "-99999999999999999999"])(
    "has passed after %s seconds, by a clock that runs ahead too",
    async (expires) => {
      for (const time of [Date.now(), Date.now() + MINUTE]) {
        const answer = await target.sendPresigned({ ...PUT, time }, { "X-Amz-Expires": expires });
        expectRefusal(answer, 403, "AccessDenied");
      }
    },
  );

  it("cannot be prolonged by a second parameter", async () => {
    const { target: url } = signInQuery(
      target,
      target.key,
      { ...PUT, time: Date.now() - 10_000 },
      { "X-Amz-Expires": "5" },
    );
    for (const altered of [
      `${url}&X-Amz-Expires=3600`,
      url.replace("X-Amz-Expires=5", "X-Amz-Expires=3600&X-Amz-Expires=5"),
    ]) {
      expectRefusal(await target.sendAnonymous({ ...PUT, target: altered }), 400, "AuthorizationQueryParametersError");
    }
  });
});

describe("attack class 2: parameters of the signature", () => {
  it.each([
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "x-amz-signature",
  ])("%s given twice is refused", async (name) => {
    const { target: url } = signInQuery(target, target.key, PUT);
    const answer = await target.sendAnonymous({ ...PUT, target: `${url}&${name}=again` });
    expectRefusal(answer, 400, "AuthorizationQueryParametersError");
  });

  it("any parameter added, removed or repeated after signing is refused", async () => {
    const { target: url } = signInQuery(target, target.key, {
      method: "GET",
      target: `${OBJECT}?response-content-type=text/plain`,
    });
    const altered = [
      `${url}&response-content-type=text/html`,
      `${url}&x-amz-acl=public-read`,
      `${url}&versionId=null`,
      url.replace("response-content-type=text/plain&", ""),
      url.replace("text/plain", "text/html"),
    ];
    for (const changed of altered) {
      expectRefusal(await target.sendAnonymous({ method: "GET", target: changed }), 403, "SignatureDoesNotMatch");
    }
  });

  it("SignedHeaders without host is refused in both forms", async () => {
    expectRefusal(await target.send({ ...PUT, leaveUnsigned: ["host"] }), 403, "AccessDenied");
    expectRefusal(
      await target.sendPresigned({ ...PUT, headers: { "x-amz-meta-a": "b" }, leaveUnsigned: ["host"] }),
      403,
      "AccessDenied",
    );
  });

  it("a request signed for another host, method or key is refused", async () => {
    const { target: url } = signInQuery(target, target.key, { ...PUT, target: `/${BUCKET}/other` });
    const attempts = [
      { ...PUT, target: url, headers: { host: "other.example" } },
      { ...PUT, target: url, method: "DELETE" },
      { ...PUT, target: url.replace("/other", `/${CANARY}`) },
    ];
    for (const draft of attempts) expectRefusal(await target.sendAnonymous(draft), 403, "SignatureDoesNotMatch");
  });
});

describe("attack class 1: credentials in header and query", () => {
  it("are refused together, also when both are valid", async () => {
    const { target: url } = signInQuery(target, target.key, { method: "PUT", target: PUT.target });
    expectRefusal(await target.send({ ...PUT, target: url }), 400, "InvalidArgument");
  });

  const writes = s3Operations.filter(({ method }) => method === "PUT" || method === "POST");
  it.each(writes.map((row) => ({ label: nameRow(row), row })))("are refused together by $label", async ({ row }) => {
    const request = requestRow(row, { bucket: BUCKET, key: "both", copySource: `${BUCKET}/${CANARY}` });
    const { target: url } = signInQuery(target, target.key, { method: request.method, target: request.target });
    expectRefusal(await target.send({ ...request, target: url, body: "x" }), 400, "InvalidArgument");
  });

  it.each([
    "X-Amz-Signature=abc",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "X-Amz-Credential=a",
    "AWSAccessKeyId=a&Signature=b",
  ])("are refused together where the query says no more than %s", async (query) => {
    expectRefusal(await target.send({ ...PUT, target: `${PUT.target}?${query}` }), 400, "InvalidArgument");
  });

  it("are never taken for an anonymous caller when they are malformed", async () => {
    const malformed = [
      "AWS4-HMAC-SHA256",
      "AWS4-HMAC-SHA256 Credential=a",
      "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature=",
    ];
    for (const authorization of malformed) {
      const answer = await target.sendAnonymous({
        ...PUT,
        headers: { authorization, "x-amz-date": amzDate(Date.now()) },
      });
      expectRefusal(answer, 400, "AuthorizationHeaderMalformed");
    }
    expectRefusal(
      await target.sendAnonymous({ ...PUT, headers: { authorization: "AWS key:signature" } }),
      400,
      "InvalidRequest",
    );
    expectRefusal(
      await target.sendAnonymous({ ...PUT, headers: { authorization: "Bearer token" } }),
      400,
      "InvalidArgument",
    );
  });
});

describe("attack class 13: old requests and clocks that differ", () => {
  it.each([-16, 16])("a request signed %s minutes from now is refused", async (minutes) => {
    const answer = await target.send({ ...PUT, time: Date.now() + minutes * MINUTE });
    expectRefusal(answer, 403, "RequestTimeTooSkewed");
    expect(answer.body.toString()).toContain("<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>");
  });

  it.each([-14, 14])("a clock that is %s minutes off is accepted", async (minutes) => {
    expect(await target.send({ method: "GET", target: OBJECT, time: Date.now() + minutes * MINUTE })).toMatchObject({
      status: 200,
    });
  });

  it("an old request with a fresh x-amz-date is refused", async () => {
    // Of the same day, which the scope names.
    const hourAgo = Date.now() - 60 * MINUTE;
    const time = amzDate(hourAgo).slice(0, 8) === amzDate(Date.now()).slice(0, 8) ? hourAgo : Date.now() + 60 * MINUTE;
    const { bytes } = signInHeader(target, target.key, { ...PUT, time });
    const refreshed = bytes
      .toString("latin1")
      .replace(`x-amz-date: ${amzDate(time)}`, `x-amz-date: ${amzDate(Date.now())}`);
    expectRefusal(await sendRaw(target.endpoint, Buffer.from(refreshed, "latin1")), 403, "SignatureDoesNotMatch");
  });

  it("an old request with a fresh Date is still old", async () => {
    const answer = await target.send({
      ...PUT,
      time: Date.now() - 60 * MINUTE,
      unsigned: { date: new Date().toUTCString() },
    });
    expectRefusal(answer, 403, "RequestTimeTooSkewed");
  });

  it("a date that contradicts the credential scope is refused", async () => {
    const { bytes } = signInHeader(target, target.key, PUT);
    const scope = amzDate(Date.now()).slice(0, 8);
    const moved = bytes.toString("latin1").replace(`/${scope}/`, "/20200101/");
    expectRefusal(await sendRaw(target.endpoint, Buffer.from(moved, "latin1")), 400, "AuthorizationHeaderMalformed");
  });
});
