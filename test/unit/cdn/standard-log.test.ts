import { describe, expect, test } from "vitest";
import { compileDistribution } from "../../../src/cdn/edge/compile.ts";
import type { ViewerRequest } from "../../../src/cdn/edge/viewer.ts";
import type { Served } from "../../../src/cdn/seeing/served.ts";
import { nameLogFile, renderLogFile, renderLogLine } from "../../../src/cdn/seeing/standard-log.ts";
import { describeSnapshot } from "../../support/distribution.ts";

const STARTED = Date.UTC(2026, 0, 2, 3, 4, 5, 600);
const ID = "E1ABC2DEF3GHIJ";

function serve(answer: Partial<Served> = {}, viewer: Partial<ViewerRequest> = {}): Served {
  return {
    distribution: compileDistribution({ ...describeSnapshot(ID, {}), revision: 1, invalidations: [] }),
    viewer: {
      requestId: "id==",
      startedAt: STARTED,
      method: "GET",
      host: "www.example.com",
      protocol: "https",
      path: "/a~b",
      query: "",
      headers: new Headers({ host: "www.example.com" }),
      body: null,
      clientAddress: "192.0.2.1",
      place: { httpProtocol: "HTTP/2", tlsVersion: "TLSv1.3", tlsCipher: "AEAD-AES128-GCM-SHA256" },
      root: "https://www.example.com",
      ...viewer,
    },
    response: new Response("0123", { headers: { "content-type": "text/plain", "content-length": "4" } }),
    notes: {},
    answeredAt: STARTED + 250,
    endedAt: STARTED + 1_500,
    bytes: 4,
    result: "Hit",
    isBrokenOff: false,
    ...answer,
  };
}

/** Reads a file as the documentation of CloudFront's format says. */
function parse(file: string): Record<string, string>[] {
  const [version, head = "", ...lines] = file.split("\n");
  expect(version).toBe("#Version: 1.0");
  const fields = head.replace(/^#Fields: /, "").split(" ");
  expect(fields).toHaveLength(33);
  expect(lines.pop()).toBe("");
  return lines.map((line) => {
    const values = line.split("\t");
    expect(values).toHaveLength(33);
    return Object.fromEntries(fields.map((field, position) => [field, values[position]!]));
  });
}

const log = (served: Served) => parse(renderLogFile([renderLogLine(served, "LHR")]))[0]!;

test("a line tells when the answer ended, what it was, and how long it took", () => {
  expect(log(serve())).toMatchObject({
    date: "2026-01-02",
    time: "03:04:07",
    "x-edge-location": "LHR",
    "c-ip": "192.0.2.1",
    "sc-status": "200",
    "cs-protocol": "https",
    "cs-protocol-version": "HTTP/2.0",
    "ssl-protocol": "TLSv1.3",
    "x-host-header": "www.example.com",
    "time-taken": "1.500",
    "time-to-first-byte": "0.250",
    "x-edge-result-type": "Hit",
    "x-edge-response-result-type": "Hit",
    "x-edge-detailed-result-type": "Hit",
    "cs-uri-query": "-",
    "sc-range-start": "-",
  });
});

test("bytes are those of the heads as well", () => {
  const { "sc-bytes": sent, "cs-bytes": asked } = log(
    serve({}, { method: "PUT", query: "q", headers: new Headers({ host: "www.example.com", "content-length": "7" }) }),
  );
  expect(sent).toBe(String("HTTP/1.1 200\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\n0123".length));
  expect(asked).toBe(String("PUT /a~b?q HTTP/1.1\r\nhost: www.example.com\r\ncontent-length: 7\r\n\r\n1234567".length));
});

test("what the format reserves is encoded, and nothing else", () => {
  const agent = "A b\t<>\"#%{}|\\^~[]`'\u00e9/;=?&(),:+";
  const { "cs(User-Agent)": written = "" } = log(serve({}, { headers: new Headers({ "user-agent": agent }) }));
  expect(written).toBe("A%20b%09%3C%3E%22%23%25%7B%7D%7C%5C%5E%7E%5B%5D%60%27%C3%A9/;=?&(),:+");
  expect(decodeURIComponent(written)).toBe(agent);
});

describe("kinds of results", () => {
  const error = { result: "Error", response: new Response(null, { status: 502 }) };

  test("an error has its kind, where it is known", () => {
    expect(log(serve({ ...error, notes: { detail: "OriginConnectError" } }))).toMatchObject({
      "x-edge-result-type": "Error",
      "x-edge-detailed-result-type": "OriginConnectError",
    });
    expect(log(serve(error))).toMatchObject({ "x-edge-detailed-result-type": "Error" });
  });

  test("an answer that did not reach its end is an error, and was none before", () => {
    expect(log(serve({ isBrokenOff: true }))).toMatchObject({
      "sc-status": "200",
      "x-edge-result-type": "Error",
      "x-edge-response-result-type": "Hit",
      "x-edge-detailed-result-type": "ClientCommError",
    });
  });
});

test.each([
  ["", `${ID}.2026-01-02-03.`],
  ["logs", `logs/${ID}.2026-01-02-03.`],
  ["logs/", `logs/${ID}.2026-01-02-03.`],
])("a file under the prefix %j", (prefix, start) => {
  expect(nameLogFile(prefix, ID, STARTED)).toMatch(new RegExp(`^${start}[0-9a-f]{8}\\.gz$`));
});
