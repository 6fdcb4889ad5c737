import { describe, expect, test } from "vitest";
import { readLambdaAnswer, readLambdaRequest } from "../../../src/cdn/functions/lambda-event.ts";

const refused = expect.objectContaining({ status: 502 });
const KB = 1024;

describe("a request that Lambda@Edge returns", () => {
  const before = new Headers({ host: "d.cdn.test", via: "1.1 proxy", accept: "*/*" });
  const read = (more: object) =>
    readLambdaRequest("viewer-request", before, { uri: "/p", querystring: "", headers: {}, ...more }, 40 * KB);

  test("replaces the body: Base64 where nothing is said", () => {
    const body = (given: object) => Buffer.from(read({ body: { action: "replace", ...given } }).body!).toString();
    expect(body({ data: "aGVsbG8=" })).toBe("hello");
    expect(body({ data: "hello", encoding: "text" })).toBe("hello");
    expect(() => body({ data: "hello!" })).toThrow(refused);
    expect(read({ body: { action: "read-only", data: "!" } }).body).toBeUndefined();
  });

  test("cuts a body that is too long", () => {
    const data = "x".repeat(50 * KB);
    expect(read({ body: { action: "replace", encoding: "text", data } }).body).toHaveLength(40 * KB);
  });

  test("changes no header that is read-only", () => {
    const headers = { host: [{ key: "Host", value: "d.cdn.test" }], "x-new": [{ value: "1" }] };
    expect(Object.fromEntries(read({ headers }).headers)).toEqual({
      host: "d.cdn.test",
      via: "1.1 proxy",
      "x-new": "1",
    });
    expect(() => read({ headers: { host: [{ value: "other.test" }] } })).toThrow(refused);
    expect(() => read({ headers: { "content-length": [{ value: "1" }] } })).toThrow(refused);
  });
});

describe("an answer that Lambda@Edge makes", () => {
  test("has a status from 200 to 599, and no body with 204", () => {
    expect(readLambdaAnswer("viewer-request", { status: "204" })).toMatchObject({ status: 204, body: undefined });
    expect(() => readLambdaAnswer("viewer-request", { status: "204", body: "text" })).toThrow(refused);
    expect(() => readLambdaAnswer("viewer-request", { status: "199" })).toThrow(refused);
  });

  test("is 40 KB at most at viewer events, 1 MB at origin events, headers included", () => {
    const answer = { status: "200", body: "x".repeat(41 * KB) };
    expect(() => readLambdaAnswer("viewer-request", answer)).toThrow(refused);
    const headers = { "x-long": [{ value: "y".repeat(20 * KB) }] };
    const both = { status: "200", headers, body: "x".repeat(20 * KB) };
    expect(() => readLambdaAnswer("viewer-request", both)).toThrow(refused);
    expect(readLambdaAnswer("viewer-request", { ...both, body: "x" }).body).toHaveLength(1);
    expect(readLambdaAnswer("origin-request", answer).body).toHaveLength(41 * KB);
    expect(() => readLambdaAnswer("origin-request", { status: "200", body: "x".repeat(KB * KB + 1) })).toThrow(refused);
  });

  test("has its body as text where nothing is said", () => {
    const read = (more: object) => Buffer.from(readLambdaAnswer("origin-request", { status: 200, ...more }).body!);
    expect(read({ body: "aGk=" }).toString()).toBe("aGk=");
    expect(read({ body: "aGk=", bodyEncoding: "base64" }).toString()).toBe("hi");
    expect(() => read({ body: "%", bodyEncoding: "base64" })).toThrow(refused);
  });
});
