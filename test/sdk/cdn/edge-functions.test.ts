import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { beforeAll, describe, expect, test } from "vitest";
import type { CacheBehaviorSettings, EventType } from "../../../src/metadata/cdn/distribution-config.ts";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCustomOrigin, ROOT_ACCOUNT } from "../../support/distribution.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import type { AnswerOrigin } from "../../support/origin.ts";

const cdn = useCdn();

const ARN = `arn:aws:cloudfront::${ROOT_ACCOUNT}:function/edge`;

/** A distribution that runs a CloudFront Function. */
function withFunction(
  code: string,
  answer: AnswerOrigin,
  EventType: EventType = "viewer-request",
  runtime = "cloudfront-js-2.0",
  more: Partial<CacheBehaviorSettings> = {},
) {
  const behavior = describeBehavior({ FunctionAssociations: [{ FunctionARN: ARN, EventType }], ...more });
  const functions = { [ARN]: { name: "edge", code, runtime } };
  return cdn.install(answer, { DefaultCacheBehavior: behavior }, { functions });
}

const echo: AnswerOrigin = ({ url, headers }, response) => {
  const { cookie, added, via } = headers;
  response.writeHead(200, { "cache-control": "max-age=60", "x-origin": "yes" });
  response.end(JSON.stringify({ url, cookie, added, via }));
};

describe("CloudFront Functions at viewer-request", () => {
  test("change path, query, headers and cookies of what the cache and the origin see", async () => {
    const { url } = await withFunction(
      `import qs from 'querystring';
       async function handler(event) {
        const request = event.request;
        request.uri = request.uri.replace('/old/', '/new/');
        request.querystring.b = { value: qs.escape('2 3') };
        delete request.querystring.drop;
        request.headers['added'] = { value: request.rawQueryString() };
        request.cookies['flag'] = { value: 'on' };
        return request;
      }`,
      echo,
    );
    const first = await ask(`${url}/old/page?a=1&a=9&drop=x`, { headers: { cookie: "lang=en" } });
    expect(JSON.parse(first.text)).toMatchObject({
      url: "/new/page?a=1&a=9&b=2%203",
      cookie: "lang=en; flag=on",
      added: "a=1&a=9&drop=x",
    });
    // Under the key of what the function made of it.
    expect((await ask(`${url}/new/page?a=1&a=9`)).from).toBe("Hit");
  });

  test("leave a query that they do not touch as it was sent", async () => {
    const { url } = await withFunction("function handler(event) { return event.request; }", echo);
    expect(JSON.parse((await ask(`${url}/p?z&a=&b=1&a=2`)).text)).toMatchObject({ url: "/p?z&a=&b=1&a=2" });
  });

  test("answer for themselves, and the origin is not asked", async () => {
    const { url } = await withFunction(
      `function handler(event) {
        return {
          statusCode: 302,
          statusDescription: 'Found',
          headers: { location: { value: '/elsewhere' }, 'x-two': { value: 'b', multiValue: [{ value: 'a' }, { value: 'b' }] } },
          cookies: { seen: { value: '1', attributes: 'Path=/; Secure' } },
          body: { encoding: 'base64', data: 'aGVsbG8=' },
        };
      }`,
      echo,
      "viewer-request",
      "cloudfront-js-1.0",
    );
    const answer = await ask(`${url}/page`);
    expect(answer).toMatchObject({ status: 302, text: "hello", from: "FunctionGeneratedResponse" });
    expect(answer.headers.get("location")).toBe("/elsewhere");
    expect(answer.headers.get("x-two")).toBe("a, b");
    expect(answer.headers.get("content-length")).toBe("5");
    expect(answer.headers.getSetCookie()).toEqual(["seen=1; Path=/; Secure"]);
    expect(cdn.origin.asked).toEqual([]);
  });

  test.each([
    ["throw", "function handler(event) { throw new Error('no'); }"],
    ["never end", "function handler(event) { for (;;) {} }"],
    ["do not parse", "function handler(event) {"],
    ["have no handler", "function other(event) {}"],
    ["return nothing", "function handler(event) {}"],
    ["return no path", "function handler(event) { event.request.uri = 'x y'; return event.request; }"],
    [
      "set what they may not",
      "function handler(event) { event.request.headers['x-edge-a'] = { value: '1' }; return event.request; }",
    ],
    [
      "change what is read-only",
      "function handler(event) { event.request.headers.via = { value: 'me' }; return event.request; }",
    ],
    ["ask the network", "async function handler(event) { await fetch('http://example.com/'); return event.request; }"],
  ])("that %s are an error of the function, and the origin is not asked", async (_what, code) => {
    const { url } = await withFunction(code, echo);
    const { status, from } = await ask(`${url}/page`);
    expect([502, 503]).toContain(status);
    expect(from).toBe("FunctionExecutionError");
    expect(cdn.origin.asked).toEqual([]);
  });
});

describe("CloudFront Functions at viewer-response", () => {
  test("change hits and misses alike, and leave the body", async () => {
    const { url } = await withFunction(
      `function handler(event) {
        const response = event.response;
        response.headers['x-seen'] = { value: event.request.uri };
        delete response.headers['x-origin'];
        return response;
      }`,
      echo,
      "viewer-response",
    );
    for (const from of ["Miss", "Hit"]) {
      const answer = await ask(`${url}/page`);
      expect(answer).toMatchObject({ status: 200, from, text: expect.stringContaining('"url":"/page"') });
      expect(answer.headers.get("x-seen")).toBe("/page");
      expect(answer.headers.has("x-origin")).toBe(false);
    }
  });

  test("may give another body", async () => {
    const { url } = await withFunction(
      "function handler(event) { event.response.body = 'other'; return event.response; }",
      echo,
      "viewer-response",
    );
    expect((await ask(`${url}/page`)).text).toBe("other");
  });

  test("do not run for errors", async () => {
    const { url } = await withFunction(
      "function handler(event) { event.response.headers.ran = { value: 'yes' }; return event.response; }",
      (_request, response) => void response.writeHead(404).end("none"),
      "viewer-response",
    );
    const answer = await ask(`${url}/page`);
    expect(answer).toMatchObject({ status: 404, text: "none" });
    expect(answer.headers.has("ran")).toBe(false);
  });
});

describe("Lambda@Edge", () => {
  let lambda: ReturnType<typeof createLambdaClient>;
  beforeAll(() => {
    lambda = createLambdaClient(cdn.verge);
  });

  /** A distribution that runs a function of this deployment. */
  async function withLambda(code: string, EventType: EventType, answer: AnswerOrigin, IncludeBody = false) {
    const FunctionName = await createFunction(lambda, code);
    const { FunctionArn = "" } = await lambda.send(new PublishVersionCommand({ FunctionName }));
    const behavior = describeBehavior({
      LambdaFunctionAssociations: [{ LambdaFunctionARN: FunctionArn, EventType, IncludeBody }],
    });
    return cdn.install(answer, { DefaultCacheBehavior: behavior }, { accountId: FunctionArn.split(":")[4]! });
  }

  test("viewer-request: changes the request, and sees its body", async () => {
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { request, config } = event.Records[0].cf;
        request.headers.added = [{ key: 'Added', value: config.eventType + ' ' + Buffer.from(request.body.data, 'base64') }];
        request.uri = '/changed';
        return request;
      };`,
      "viewer-request",
      (request, response) => {
        request.setEncoding("utf8").on("data", (text) => response.write(text));
        request.on("end", () => response.end(` ${String(request.headers["added"])} ${request.url}`));
      },
      true,
    );
    const { text } = await ask(`${url}/page`, { method: "POST", body: "sent" });
    expect(text).toBe("sent viewer-request sent /changed");
  });

  test("viewer-request: answers", async () => {
    const { url } = await withLambda(
      `exports.handler = async () => ({ status: '401', headers: { 'www-authenticate': [{ value: 'Basic' }] }, body: 'who?' });`,
      "viewer-request",
      echo,
    );
    const answer = await ask(`${url}/page`);
    expect(answer).toMatchObject({ status: 401, text: "who?", from: "LambdaGeneratedResponse" });
    expect(answer.headers.get("www-authenticate")).toBe("Basic");
  });

  test("origin-request: runs for misses alone, and chooses another origin", async () => {
    const { port } = cdn.origin;
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { request } = event.Records[0].cf;
        request.origin = { custom: {
          domainName: 'localhost', port: ${port}, protocol: 'http', path: '/other', readTimeout: 5, keepaliveTimeout: 5,
          sslProtocols: ['TLSv1.2'], customHeaders: { added: [{ key: 'added', value: 'by function' }] },
        } };
        return request;
      };`,
      "origin-request",
      echo,
    );
    const first = await ask(`${url}/page`);
    expect(JSON.parse(first.text)).toMatchObject({ url: "/other/page", added: "by function" });
    expect((await ask(`${url}/page`)).from).toBe("Hit");
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("origin-request: an answer of its own is cached", async () => {
    const { url } = await withLambda(
      `let runs = 0;
       exports.handler = async () => ({
        status: '200',
        headers: { 'cache-control': [{ key: 'Cache-Control', value: 'max-age=60' }] },
        body: 'run ' + ++runs,
      });`,
      "origin-request",
      echo,
    );
    expect(await ask(`${url}/page`)).toMatchObject({ text: "run 1", from: "Miss" });
    expect(await ask(`${url}/page`)).toMatchObject({ text: "run 1", from: "Hit" });
    expect(cdn.origin.asked).toEqual([]);
  });

  test("origin-response: what it changes is what is stored", async () => {
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { response } = event.Records[0].cf;
        response.headers['cache-control'] = [{ key: 'Cache-Control', value: 'max-age=60' }];
        response.headers['x-status'] = [{ key: 'X-Status', value: response.status }];
        return { ...response, status: 200, body: 'made' };
      };`,
      "origin-response",
      (_request, response) => void response.writeHead(404, { "cache-control": "no-store" }).end("gone"),
    );
    for (const from of ["Miss", "Hit"]) {
      const answer = await ask(`${url}/page`);
      expect(answer).toMatchObject({ status: 200, text: "made", from });
      expect(answer.headers.get("x-status")).toBe("404");
    }
  });

  test("viewer-response: changes headers of each answer", async () => {
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { response, request } = event.Records[0].cf;
        response.headers['x-seen'] = [{ key: 'X-Seen', value: request.uri }];
        return response;
      };`,
      "viewer-response",
      echo,
    );
    const answer = await ask(`${url}/page`);
    expect(answer.headers.get("x-seen")).toBe("/page");
    expect(answer.text).toContain('"url":"/page"');
  });

  test("a function that fails is 503, one of another account does not run", async () => {
    const { url } = await withLambda(
      "exports.handler = async () => { throw new Error('no'); };",
      "origin-request",
      echo,
    );
    expect(await ask(`${url}/page`)).toMatchObject({ status: 503, from: "LambdaExecutionError" });
    const foreign = await cdn.install(echo, {
      Origins: [describeCustomOrigin(cdn.origin.port)],
      DefaultCacheBehavior: describeBehavior({
        LambdaFunctionAssociations: [
          {
            LambdaFunctionARN: "arn:aws:lambda:us-east-1:999999999999:function:theirs:1",
            EventType: "viewer-request",
            IncludeBody: false,
          },
        ],
      }),
    });
    expect((await ask(`${foreign.url}/page`)).status).toBe(503);
  });
});
