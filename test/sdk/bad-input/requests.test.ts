import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "../attacks/target.ts";

const OBJECT = `/${BUCKET}/${CANARY}`;

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => target.expectUntouched());
afterAll(() => target.stop());

describe("methods", () => {
  it.each(["PATCH", "TRACE", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "SEARCH", "MERGE", "PURGE"])(
    "%s is not allowed, signed or not",
    async (method) => {
      for (const path of [OBJECT, `/${BUCKET}`]) {
        const signed = await target.send({ method, target: path, body: "" });
        expectRefusal(signed, 405, "MethodNotAllowed");
        expect(signed.headers["allow"]).toContain("GET");
        expectRefusal(await target.sendAnonymous({ method, target: path }), 405, "MethodNotAllowed");
      }
    },
  );

  it.each([
    ["POST", OBJECT],
    ["DELETE", "/"],
    ["PUT", "/"],
    ["POST", "/"],
  ])("%s %s is not allowed", async (method, path) => {
    expectRefusal(await target.send({ method, target: path, body: "" }), 405, "MethodNotAllowed");
  });

  it("are spelled in capitals", async () => {
    expect((await target.send({ method: "delete", target: OBJECT })).status).toBeGreaterThanOrEqual(400);
  });
});

describe("sub-resources", () => {
  it.each(["acl", "torrent", "location", "restore", "select", "uploads", "attributes"])(
    "DELETE of ?%s of the object does not delete it",
    async (name) => {
      const answer = await target.send({ method: "DELETE", target: `${OBJECT}?${name}=` });
      expect([405, 501]).toContain(answer.status);
    },
  );

  it.each([
    "acl",
    "location",
    "versioning",
    "versions",
    "uploads",
    "logging",
    "notification",
    "requestPayment",
    "policyStatus",
    "accelerate",
  ])("DELETE of ?%s of the bucket does not delete it", async (name) => {
    expectRefusal(await target.send({ method: "DELETE", target: `/${BUCKET}?${name}=` }), 405, "MethodNotAllowed");
  });

  it("that are not served say which operation they were", async () => {
    const answer = await target.send({ method: "PUT", target: `/${BUCKET}?abac=`, body: "{}" });
    expectRefusal(answer, 501, "NotImplemented");
    expect(answer.body.toString()).toContain("PutBucketAbac");
  });

  it("that nobody knows are ignored on reads", async () => {
    expect((await target.send({ method: "GET", target: `${OBJECT}?unknown=1` })).body.toString()).toBe("still alive");
  });

  it("repeated ones do not select twice", async () => {
    const part = `partNumber=1&partNumber=2&uploadId=${"0".repeat(64)}&uploadId=x`;
    expectRefusal(
      await target.send({ method: "PUT", target: `/${BUCKET}/part?${part}`, body: "a" }),
      404,
      "NoSuchUpload",
    );
  });
});

describe("parameters", () => {
  it.each([
    [`/${BUCKET}?max-keys=-1`, "InvalidArgument"],
    [`/${BUCKET}?max-keys=abc`, "InvalidArgument"],
    [`/${BUCKET}?max-keys=99999999999999999999`, "InvalidArgument"],
    [`/${BUCKET}?encoding-type=base64`, "InvalidArgument"],
    [`/${BUCKET}?list-type=2&continuation-token=x`, "InvalidArgument"],
    [`${OBJECT}?versionId=`, "InvalidArgument"],
    [`${OBJECT}?partNumber=0`, "InvalidArgument"],
    [`${OBJECT}?partNumber=10001`, "InvalidArgument"],
    [`${OBJECT}?response-content-type=a%0Ab`, "InvalidArgument"],
  ])("%s is refused", async (path, code) => {
    expectRefusal(await target.send({ method: "GET", target: path }), 400, code);
  });

  it.each(["0", "-1", "10001", "1.5", "one", ""])("part number %j is refused", async (partNumber) => {
    const path = `/${BUCKET}/part?partNumber=${partNumber}&uploadId=${"0".repeat(64)}`;
    expectRefusal(await target.send({ method: "PUT", target: path, body: "a" }), 400, "InvalidArgument");
  });

  it.each(["", "x", "0".repeat(64), "..%2F..%2Fupload", "%00"])(
    "the upload id %j names no upload",
    async (uploadId) => {
      const path = `/${BUCKET}/part?uploadId=${uploadId}`;
      expectRefusal(
        await target.send({ method: "PUT", target: `${path}&partNumber=1`, body: "a" }),
        404,
        "NoSuchUpload",
      );
      expectRefusal(await target.send({ method: "DELETE", target: path }), 404, "NoSuchUpload");
      expectRefusal(await target.send({ method: "GET", target: path }), 404, "NoSuchUpload");
    },
  );
});
