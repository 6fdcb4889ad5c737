import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CacheBehaviorSettings, EventType } from "../../../src/metadata/cdn/distribution-config.ts";
import type { CompiledDistribution } from "../../../src/metadata/cdn/protocol.ts";
import { useCdn, waitUntil } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCustomOrigin, installDistribution } from "../../support/distribution.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { openRaw } from "../../support/raw-http.ts";

const cdn = useCdn();

/** What the origin has of an upload, and whether it takes it for whole. */
interface Upload {
  readonly length: string | undefined;
  bytes: number;
  end: "open" | "whole" | "broken";
}

const uploads: Upload[] = [];
const origin = createServer((request, response) => {
  const upload: Upload = { length: request.headers["content-length"], bytes: 0, end: "open" };
  uploads.push(upload);
  request.on("data", (chunk: Buffer) => (upload.bytes += chunk.byteLength));
  request.on("end", () => {
    upload.end = "whole";
    response.writeHead(200).end("taken");
  });
  request.on("close", () => {
    if (!request.complete) upload.end = "broken";
  });
  request.on("error", () => undefined);
});
beforeAll(() => new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  origin.closeAllConnections();
  origin.close();
});

async function install(behavior: Partial<CacheBehaviorSettings> = {}, more: Partial<CompiledDistribution> = {}) {
  const { port } = origin.address() as AddressInfo;
  return installDistribution(
    cdn.verge,
    { Origins: [describeCustomOrigin(port)], DefaultCacheBehavior: describeBehavior(behavior) },
    more,
  );
}

/** Behind a function that sees the beginning of the body and lets it pass. */
async function installWithFunction(EventType: EventType) {
  const lambda = createLambdaClient(cdn.verge);
  const FunctionName = await createFunction(lambda, "exports.handler = async (event) => event.Records[0].cf.request;");
  const { FunctionArn = "" } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  return install(
    { LambdaFunctionAssociations: [{ LambdaFunctionARN: FunctionArn, EventType, IncludeBody: true }] },
    { accountId: FunctionArn.split(":")[4]! },
  );
}

/** More than what functions at viewer events see, less than what those at origin events do. */
const PART = "x".repeat(200_000);
const CHUNK = `${PART.length.toString(16)}\r\n${PART}\r\n`;

const WAYS = [
  ["with a Content-Length", "Content-Length: 400000", PART],
  ["in chunks", "Transfer-Encoding: chunked", CHUNK],
] as const;

async function leaveMidway(id: string, header: string, part: string): Promise<void> {
  const socket = await openRaw(cdn.verge.endpoint);
  socket.on("error", () => undefined);
  socket.write(`POST /_cdn/${id}/form HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n${part}`);
  await waitUntil(() => (uploads.at(-1)?.bytes ?? 0) > 0);
  socket.destroy();
  await waitUntil(() => uploads.at(-1)!.end !== "open");
}

describe("a viewer who leaves in the middle of an upload", () => {
  test.each(WAYS)("%s: the origin does not take it for whole", async (_way, header, part) => {
    uploads.length = 0;
    await leaveMidway((await install()).id, header, part);
    expect(uploads[0]!.end).toBe("broken");
  });

  test.each(WAYS)("%s, of which a function has seen the beginning: neither", async (_way, header, part) => {
    uploads.length = 0;
    await leaveMidway((await installWithFunction("viewer-request")).id, header, part);
    expect(uploads[0]!.end).toBe("broken");
  });
});

describe("the origin is told how long a body is", () => {
  test.each([
    ["as it was sent", () => install()],
    ["that a function at viewer-request has seen", () => installWithFunction("viewer-request")],
    ["that a function at origin-request has seen", () => installWithFunction("origin-request")],
  ])("%s", async (_case, prepare) => {
    uploads.length = 0;
    const { url } = await prepare();
    const response = await fetch(`${url}/form`, { method: "POST", body: PART });
    expect(await response.text()).toBe("taken");
    expect(uploads[0]).toEqual({ length: String(PART.length), bytes: PART.length, end: "whole" });
  });
});
