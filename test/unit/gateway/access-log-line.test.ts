import { describe, expect, test } from "vitest";
import { formatRecord, type AccessRecord } from "../../../src/gateway/access-logs/line.ts";
import { nameOperation } from "../../../src/gateway/access-logs/operation-names.ts";

const record: AccessRecord = {
  bucket: "photos",
  time: Date.UTC(2026, 1, 6, 0, 0, 38),
  incoming: {
    requestId: "REQUEST",
    hostId: "HOST",
    method: "GET",
    host: "localhost",
    origin: "http://localhost:8787",
    rawPath: "/photos/a%20b",
    rawQuery: "versionId=v1",
    headers: new Headers({ host: "localhost:8787", authorization: "AWS4-HMAC-SHA256 x", "user-agent": "cli/2" }),
    body: null,
    clientAddress: "192.0.2.3",
    witness: {},
  },
  identity: {
    kind: "account",
    account: { id: "111122223333", canonicalId: "c0ffee", displayName: "a", email: "", root: false },
    accessKeyId: "AKIA",
  },
  operation: "REST.GET.OBJECT",
  key: "a b",
  status: 200,
  bytesSent: 5,
  objectSize: 10,
  milliseconds: 7,
  versionId: "v1",
};

test("a record has the fields of S3's format, in their order", () => {
  expect(formatRecord(record)).toBe(
    "photos [06/Feb/2026:00:00:38 +0000] 192.0.2.3 c0ffee REQUEST REST.GET.OBJECT a%20b " +
      '"GET /photos/a%20b?versionId=v1 HTTP/1.1" 200 - 5 10 7 7 "-" "cli/2" v1 HOST SigV4 - AuthHeader localhost:8787 - - - -',
  );
});

test("what a client says cannot end a field or a record", () => {
  const headers = new Headers({ "user-agent": 'a" 200 "b\\', referer: "http://x/\u0085y" });
  const line = formatRecord({ ...record, incoming: { ...record.incoming, headers } });
  expect(line).toContain('"http://x/%C2%85y" "a%22 200 %22b%5C" v1');
});

test("nobody signed: no requester, no signature", () => {
  const { identity: _, ...anonymous } = record;
  const line = formatRecord({ ...anonymous, status: 403, errorCode: "AccessDenied", bytesSent: 0 });
  expect(line).toContain("192.0.2.3 - REQUEST");
  expect(line).toContain('" 403 AccessDenied - 10 7 7');
  expect(line).toContain("v1 HOST - - - localhost:8787");
});

describe("operations are named as S3's logs name them", () => {
  test.each([
    ["PutObject", "PUT", "x-id", "k", "REST.PUT.OBJECT"],
    ["CopyObject", "PUT", "", "k", "REST.COPY.OBJECT"],
    ["GetObjectTagging", "GET", "tagging", "k", "REST.GET.OBJECT_TAGGING"],
    ["GetBucketTagging", "GET", "tagging", "", "REST.GET.TAGGING"],
    ["ListObjectsV2", "GET", "list-type", "", "REST.GET.BUCKET"],
    ["PutBucketLogging", "PUT", "logging", "", "REST.PUT.LOGGING_STATUS"],
    ["GetObjectLegalHold", "GET", "legal-hold", "k", "REST.GET.LEGAL_HOLD"],
    ["CompleteMultipartUpload", "POST", "uploadId", "k", "REST.POST.UPLOAD"],
    ["Website", "GET", "", "index.html", "WEBSITE.GET.OBJECT"],
  ])("%s", (operation, method, subResource, key, expected) => {
    expect(nameOperation(operation, method, subResource, key)).toBe(expected);
  });
});
