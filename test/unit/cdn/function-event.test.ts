import { describe, expect, test } from "vitest";
import type { ViewerRequest } from "../../../src/cdn/edge/viewer.ts";
import { describeEvent, readAnswer, readRequest } from "../../../src/cdn/functions/function-event.ts";

const context = {
  distributionDomainName: "d.cdn.test",
  distributionId: "E",
  eventType: "viewer-request",
  requestId: "r",
} as const;

function viewer(query: string, headers: Record<string, string> = {}): ViewerRequest {
  return {
    requestId: "r",
    startedAt: 0,
    method: "GET",
    host: "d.cdn.test",
    protocol: "https",
    path: "/p",
    query,
    headers: new Headers({ host: "d.cdn.test", via: "1.1 proxy", ...headers }),
    body: null,
    clientAddress: "192.0.2.1",
    place: undefined,
    root: "https://d.cdn.test",
  };
}

interface SeenValue {
  value: string;
  multiValue?: { value: string }[];
}

interface SeenRequest {
  uri: string;
  querystring: Record<string, SeenValue>;
  headers: Record<string, SeenValue>;
  cookies: Record<string, SeenValue>;
}

/** What a function gets to see of a request, to be changed by a test. */
function see(asked: ViewerRequest): SeenRequest {
  return structuredClone((describeEvent(context, asked) as { request: SeenRequest }).request);
}

describe("names that come several times", () => {
  const asked = viewer("a=1&b=x&a=2", { cookie: "c=3; d=y; c=4" });

  test("show the first value, and all of them beside it", () => {
    const { querystring, cookies } = see(asked);
    expect(querystring["a"]).toEqual({ value: "1", multiValue: [{ value: "1" }, { value: "2" }] });
    expect(querystring["b"]).toEqual({ value: "x" });
    expect(cookies["c"]).toEqual({ value: "3", multiValue: [{ value: "3" }, { value: "4" }] });
  });

  test("change their first value by `value`, while `multiValue` is left alone", () => {
    const seen = see(asked);
    seen.querystring["a"]!.value = "9";
    seen.cookies["c"]!.value = "8";
    const changed = readRequest(asked, seen);
    expect(changed.query).toBe("a=9&a=2&b=x");
    expect(changed.headers.get("cookie")).toBe("c=8; c=4; d=y");
  });

  test("change by `multiValue`, whatever `value` says then", () => {
    const seen = see(asked);
    seen.querystring["a"] = { value: "9", multiValue: [{ value: "5" }] };
    expect(readRequest(asked, seen).query).toBe("a=5&b=x");
  });
});

describe("headers that functions may not set", () => {
  const asked = viewer("", { "x-amzn-trace-id": "t", "x-cache-tag": "mine", "x-edge-a": "hidden" });

  test("are hidden, and those that only look alike are not", () => {
    const { headers } = see(asked);
    expect(Object.keys(headers).sort()).toEqual(["host", "via", "x-amzn-trace-id", "x-cache-tag"]);
  });

  test("may be returned as they were, or not at all", () => {
    const seen = see(asked);
    expect(readRequest(asked, seen).headers.get("via")).toBe("1.1 proxy");
    delete seen.headers["via"];
    expect(readRequest(asked, seen).headers.get("via")).toBe("1.1 proxy");
  });

  test.each(["host", "via", "content-length", "x-edge-b", "connection"])("make a changed %s a 502", (name) => {
    const seen = see(asked);
    seen.headers[name] = { value: "another" };
    expect(() => readRequest(asked, seen)).toThrow(expect.objectContaining({ status: 502 }));
  });
});

test("a URI with its query has less than 8,192 characters", () => {
  const asked = viewer("a=1");
  const long = { ...see(asked), uri: `/${"x".repeat(8_188)}` };
  expect(() => readRequest(asked, long)).toThrow(/8192/);
  expect(readRequest(asked, { ...long, uri: long.uri.slice(1, -2).replace(/^x/, "/") }).path).toHaveLength(8_186);
});

describe("a body at viewer-response", () => {
  const before = new Headers({ "content-type": "text/html", "content-encoding": "gzip", "content-length": "9" });
  const headers = { "content-encoding": { value: "gzip" }, "content-length": { value: "4" } };

  test("may be text, Base64, or nothing", () => {
    expect(readAnswer({ statusCode: 200, headers, body: "text" }, before)).toMatchObject({ coding: undefined });
    const coded = readAnswer({ statusCode: 200, headers, body: { encoding: "base64", data: "aGk=" } }, before);
    expect(coded.coding).toBe("gzip");
    expect(Buffer.from(coded.body!).toString()).toBe("hi");
    expect(readAnswer({ statusCode: 200, headers }, before).body).toBeUndefined();
  });

  test("must be what its encoding says", () => {
    const bad = { statusCode: 200, headers, body: { encoding: "base64", data: "not base64!" } };
    expect(() => readAnswer(bad, before)).toThrow(/not valid base64/);
  });
});
