import { generateKeyPairSync } from "node:crypto";
import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/cloudfront-signer";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DistributionConfig } from "../../../src/metadata/cdn/distribution-config.ts";
import type { CompiledDistribution } from "../../../src/metadata/cdn/protocol.ts";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import {
  describeBehavior,
  describeCustomOrigin,
  installDistribution,
  ROOT_ACCOUNT,
} from "../../support/distribution.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { callVerge } from "../../support/verge-api.ts";
import { connect, endOf, nextMessage, open, shake } from "../../support/websocket-client.ts";
import { type OriginSocket, startWebSocketOrigin, type WebSocketOrigin } from "../../support/websocket-origin.ts";

const cdn = useCdn();
let origin: WebSocketOrigin;
beforeAll(async () => {
  origin = await startWebSocketOrigin();
});
beforeEach(() => {
  origin.asked.length = 0;
});
afterAll(() => origin[Symbol.asyncDispose]());

const install = (config: Partial<DistributionConfig> = {}, more: Partial<CompiledDistribution> = {}) =>
  installDistribution(cdn.verge, { Origins: [describeCustomOrigin(origin.port)], ...config }, more);

/** The origin answers each message with the same one. */
const echo = (socket: OriginSocket) => {
  socket.onMessage = (message) => socket.send(message);
};

describe("a connection", () => {
  test("passes texts and bytes both ways, past whatever is stored of its URL", async () => {
    origin.upgrade = () => ({ open: echo });
    const { url } = await install();
    for (const from of ["Miss", "Hit"]) expect(await ask(`${url}/chat`)).toMatchObject({ text: "plain", from });
    for (let time = 0; time < 2; time++) {
      const socket = await open(`${url}/chat`);
      socket.send("hällo");
      expect(await nextMessage(socket)).toBe("hällo");
      const bytes = Buffer.alloc(300_000, "0123456789");
      socket.send(bytes);
      expect(Buffer.from((await nextMessage(socket)) as ArrayBuffer).equals(bytes)).toBe(true);
      socket.close();
      await endOf(socket);
    }
    expect(await ask(`${url}/chat`)).toMatchObject({ text: "plain", from: "Hit" });
    expect(origin.asked.map(({ headers }) => headers.upgrade)).toEqual([undefined, "websocket", "websocket"]);
  });

  test("of many at a time is each its own", async () => {
    origin.upgrade = ({ url }) => ({ open: (socket) => socket.send(`you are ${url?.split("?")[1]}`) });
    const { url } = await install();
    const sockets = [1, 2, 3].map((number) => connect(`${url}/chat?${number}`));
    expect(await Promise.all(sockets.map(nextMessage))).toEqual(["you are 1", "you are 2", "you are 3"]);
    for (const socket of sockets) socket.close();
  });

  test("that the viewer closes is closed at the origin, with its code", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    origin.upgrade = () => ({ open: ({ closed }) => resolve(closed) });
    const { url } = await install();
    const socket = await open(`${url}/chat`);
    socket.close(4001, "enough");
    expect(await promise).toBe(4001);
  });

  test("that the origin closes is closed at the viewer, with its code and reason", async () => {
    origin.upgrade = () => ({ open: (socket) => socket.close(4002, "going away") });
    const { url } = await install();
    expect(await endOf(connect(`${url}/chat`))).toEqual({ code: 4002, reason: "going away" });
  });

  test("that a viewer loses is lost at the origin", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    origin.upgrade = () => ({ open: ({ closed }) => resolve(closed) });
    const { url } = await install();
    // Ends its socket when the handshake is answered.
    expect((await shake(`${url}/chat`)).status).toBe(101);
    expect(await promise).toBe(1006);
  });

  test("that the origin loses is lost at the viewer", async () => {
    origin.upgrade = () => ({ open: (socket) => (socket.onMessage = () => socket.drop()) });
    const { url } = await install();
    const socket = await open(`${url}/chat`);
    const ended = endOf(socket);
    socket.send("bye");
    expect((await ended).code).toBe(1006);
  });

  test("outlives the time that an origin has for an answer", async () => {
    origin.upgrade = () => ({ open: echo });
    const impatient = describeCustomOrigin(origin.port);
    const CustomOriginConfig = { ...impatient.CustomOriginConfig!, OriginReadTimeout: 1 };
    const { url } = await install({ Origins: [{ ...impatient, CustomOriginConfig }] });
    const socket = await open(`${url}/chat`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    socket.send("still here");
    expect(await nextMessage(socket)).toBe("still here");
    socket.close();
  });
});

describe("the handshake", () => {
  test("negotiates protocols and extensions with the origin", async () => {
    origin.upgrade = () => ({
      headers: {
        "sec-websocket-protocol": "superchat",
        "sec-websocket-extensions": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
      },
      deflates: true,
      open: echo,
    });
    const { url } = await install();
    const socket = await open(`${url}/chat`, { protocols: ["chat", "superchat"] });
    expect(socket.protocol).toBe("superchat");
    expect(socket.extensions).toContain("permessage-deflate");
    const text = "compressible ".repeat(1_000);
    socket.send(text);
    expect(await nextMessage(socket)).toBe(text);
    expect(origin.asked[0]!.headers).toMatchObject({
      "sec-websocket-version": "13",
      "sec-websocket-key": expect.stringMatching(/^.{22}==$/),
      "sec-websocket-protocol": "chat, superchat",
      "sec-websocket-extensions": expect.stringContaining("permessage-deflate"),
    });
    socket.close();
  });

  test("brings cookies, query and headers to the origin, by the policy", async () => {
    origin.upgrade = () => ({ open: echo });
    const all = await install();
    const headers = { cookie: "session=1", origin: "https://shop.example", "x-own": "mine" };
    const open1 = await open(`${all.url}/chat?room=a&room=b`, { headers });
    const { OriginRequestPolicyId: _all, ...DefaultCacheBehavior } = describeBehavior();
    const none = await install({ DefaultCacheBehavior });
    const open2 = await open(`${none.url}/chat?room=a&room=b`, { headers });
    const [first, second] = origin.asked;
    expect(first).toMatchObject({ url: "/chat?room=a&room=b", headers });
    expect(second!.headers).not.toHaveProperty("cookie");
    expect(second!.headers).not.toHaveProperty("x-own");
    for (const socket of [open1, open2]) socket.close();
  });

  test("is answered 101 with the origin's fields and those of the distribution", async () => {
    origin.upgrade = () => ({ headers: { "set-cookie": "session=2; Path=/", "x-server": "chat-1" }, open: echo });
    const { url } = await install();
    const answer = await shake(`${url}/chat`);
    expect(answer).toMatchObject({ status: 101, reason: "Switching Protocols" });
    expect(answer.headers).toMatchObject({
      upgrade: "websocket",
      // RFC 6455 section 1.3: of the viewer's key.
      "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "set-cookie": "session=2; Path=/",
      "x-server": "chat-1",
      "x-cache": "Miss from verge",
      "cache-status": "verge; fwd=bypass; fwd-status=101",
    });
  });

  test.each([
    ["400 Bad Request", "bad handshake"],
    ["403 Forbidden", "not for you"],
    ["426 Upgrade Required", "use another version"],
  ])("that the origin refuses with %s is answered so", async (status, body) => {
    origin.upgrade = () => ({
      refuse: `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nX-Why: it says\r\nConnection: close\r\n\r\n${body}`,
    });
    const { url } = await install();
    for (let time = 1; time <= 2; time++) {
      const answer = await shake(`${url}/chat`);
      expect(answer.status).toBe(Number(status.slice(0, 3)));
      expect(answer.body.toString()).toBe(body);
      expect(answer.headers["x-why"]).toBe("it says");
      expect(origin.asked).toHaveLength(time);
    }
  });

  test("that an origin answers as a plain request is not stored", async () => {
    const refuse = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    origin.upgrade = () => ({ refuse });
    const { url } = await install();
    expect((await shake(`${url}/page`)).body.toString()).toBe("no");
    expect(await ask(`${url}/page`)).toMatchObject({ text: "plain", from: "Miss" });
  });
});

describe("what stands before the origin stands before connections", () => {
  /** The status of a refused handshake, of which the origin hears nothing. */
  async function refusalOf(url: string, headers?: readonly string[]): Promise<number> {
    const { status } = await shake(url, headers);
    expect(origin.asked).toEqual([]);
    return status;
  }

  test("the protocol policy", async () => {
    const of = (ViewerProtocolPolicy: "https-only" | "redirect-to-https") =>
      install({ DefaultCacheBehavior: describeBehavior({ ViewerProtocolPolicy }) });
    expect(await refusalOf(`${(await of("https-only")).url}/chat`)).toBe(403);
    const { url } = await of("redirect-to-https");
    expect(await refusalOf(`${url}/chat`)).toBe(301);
  });

  test("signed URLs, whose parameters the origin does not see", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    origin.upgrade = () => ({ open: echo });
    const { url } = await install(
      { DefaultCacheBehavior: describeBehavior({ TrustedKeyGroups: { Enabled: true, Items: ["group"] } }) },
      { keyGroups: { group: [{ publicKeyId: "K1", pem }] } },
    );
    expect(await refusalOf(`${url}/chat?room=a`)).toBe(403);
    const signed = getSignedUrl({
      url: `${url}/chat?room=a`,
      keyPairId: "K1",
      privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      dateLessThan: new Date(Date.now() + 60_000).toISOString(),
    });
    (await open(signed)).close();
    expect(origin.asked.map((request) => request.url)).toEqual(["/chat?room=a"]);
  });

  test("rules of protection", async () => {
    const { id, url } = await install();
    const rules = [{ action: "block", headers: [{ name: "origin", matches: "https://evil.example" }] }];
    await callVerge(cdn.verge, "PUT", `/distributions/${id}/protection`, { rules });
    expect(await refusalOf(`${url}/chat`, ["Origin: https://evil.example"])).toBe(403);
    origin.upgrade = () => ({ open: echo });
    (await open(`${url}/chat`)).close();
  });

  test("CloudFront Functions at viewer-request; none runs for the answer", async () => {
    const arnOf = (name: string) => `arn:aws:cloudfront::${ROOT_ACCOUNT}:function/${name}`;
    const describeFunction = (name: string, code: string) => ({
      [arnOf(name)]: { name, code, runtime: "cloudfront-js-2.0" },
    });
    const { url } = await install(
      {
        DefaultCacheBehavior: describeBehavior({
          FunctionAssociations: [
            { FunctionARN: arnOf("before"), EventType: "viewer-request" },
            { FunctionARN: arnOf("after"), EventType: "viewer-response" },
          ],
        }),
      },
      {
        functions: {
          ...describeFunction(
            "before",
            `function handler({ request }) {
              if (!request.querystring.token) return { statusCode: 401 };
              request.uri = '/moved' + request.uri;
              request.headers['added'] = { value: 'by the function' };
              return request;
            }`,
          ),
          ...describeFunction("after", "function handler() { throw new Error('not for connections'); }"),
        },
      },
    );
    expect(await refusalOf(`${url}/chat`)).toBe(401);
    origin.upgrade = () => ({ open: echo });
    const socket = await open(`${url}/chat?token=1`);
    socket.send("through");
    expect(await nextMessage(socket)).toBe("through");
    socket.close();
    expect(origin.asked[0]).toMatchObject({ url: "/moved/chat?token=1", headers: { added: "by the function" } });
  });

  test("Lambda@Edge at origin-request; none runs for the answer", async () => {
    const lambda = createLambdaClient(cdn.verge);
    const publish = async (code: string) => {
      const FunctionName = await createFunction(lambda, code);
      return (await lambda.send(new PublishVersionCommand({ FunctionName }))).FunctionArn ?? "";
    };
    const before = await publish(
      `exports.handler = async (event) => {
        const { request } = event.Records[0].cf;
        if (request.uri === "/closed") return { status: "403" };
        request.headers.added = [{ key: "Added", value: "at the origin" }];
        return request;
      };`,
    );
    const after = await publish("exports.handler = async () => { throw new Error('not for connections'); };");
    const { url } = await install(
      {
        DefaultCacheBehavior: describeBehavior({
          LambdaFunctionAssociations: [
            { LambdaFunctionARN: before, EventType: "origin-request", IncludeBody: false },
            { LambdaFunctionARN: after, EventType: "origin-response", IncludeBody: false },
          ],
        }),
      },
      { accountId: before.split(":")[4]! },
    );
    expect(await refusalOf(`${url}/closed`)).toBe(403);
    origin.upgrade = () => ({ open: echo });
    (await open(`${url}/chat`)).close();
    expect(origin.asked[0]!.headers).toMatchObject({ added: "at the origin", upgrade: "websocket" });
  });

  test("but not the origin shield", async () => {
    origin.upgrade = () => ({ open: echo });
    const { url } = await install({
      Origins: [describeCustomOrigin(origin.port, { OriginShield: { Enabled: true } })],
    });
    const socket = await open(`${url}/chat`);
    socket.send("direct");
    expect(await nextMessage(socket)).toBe("direct");
    socket.close();
  });
});

test("a refusal may have a page of the distribution's own", async () => {
  origin.upgrade = () => ({ refuse: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" });
  const page = { ErrorCode: 403, ResponsePagePath: "/sorry.html", ResponseCode: "403", ErrorCachingMinTTL: 0 };
  const { url } = await install({ CustomErrorResponses: [page] });
  const answer = await shake(`${url}/chat`);
  expect(answer.status).toBe(403);
  expect(answer.body.toString()).toBe("plain");
});

test("a group's second origin takes over from one that cannot be reached", async () => {
  origin.upgrade = () => ({ open: echo });
  const { url } = await install({
    Origins: [
      describeCustomOrigin(1, { Id: "away", ConnectionAttempts: 1 }),
      describeCustomOrigin(origin.port, { Id: "here" }),
    ],
    OriginGroups: [
      { Id: "both", FailoverCriteria: { StatusCodes: [503] }, Members: [{ OriginId: "away" }, { OriginId: "here" }] },
    ],
    DefaultCacheBehavior: describeBehavior({ TargetOriginId: "both" }),
  });
  const socket = await open(`${url}/chat`);
  socket.send("second");
  expect(await nextMessage(socket)).toBe("second");
  socket.close();
});

test("a bucket has no connections: the handshake is a read like any other", async () => {
  const s3 = createS3Client(cdn.verge);
  await s3.send(new CreateBucketCommand({ Bucket: "no-chat" }));
  const { CustomOriginConfig: _custom, ...bucket } = describeCustomOrigin(80);
  const { url } = await install({ Origins: [{ ...bucket, DomainName: "no-chat.s3.amazonaws.com" }] });
  expect((await shake(`${url}/chat`)).status).toBe(403);
});

test("metrics count a connection when it begins", async () => {
  origin.upgrade = () => ({ open: echo });
  const { id, url } = await install();
  const socket = await open(`${url}/chat`);
  const read = async () => {
    const path = `/cdn/metrics?distribution=${id}&period=86400`;
    const { points } = await callVerge<{ points: object[] }>(cdn.verge, "GET", path);
    return points;
  };
  await expect
    .poll(read, { timeout: 10_000, interval: 100 })
    .toMatchObject([{ status: 101, result: "Miss", requests: 1, bytes: 0, originRequests: 1 }]);
  socket.close();
});

test("connections pass Miniflare's entry as well", async () => {
  origin.upgrade = () => ({ open: echo });
  const { id } = await install();
  const socket = await open(`${cdn.verge.entryEndpoint}/_cdn/${id}/chat`);
  socket.send("in");
  expect(await nextMessage(socket)).toBe("in");
  socket.close();
});
