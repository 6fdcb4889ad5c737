import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { beforeAll, describe, expect, test } from "vitest";
import type { EventType } from "../../../src/metadata/cdn/distribution-config.ts";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { AS_ORIGIN_SAYS, describeBehavior, describeCachePolicy, ROOT_ACCOUNT } from "../../support/distribution.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import type { AnswerOrigin } from "../../support/origin.ts";

const cdn = useCdn();
let lambda: ReturnType<typeof createLambdaClient>;
beforeAll(() => {
  lambda = createLambdaClient(cdn.verge);
});

const echo: AnswerOrigin = ({ url, headers }, response) => {
  response.writeHead(200, { "cache-control": "max-age=60", "x-origin": "yes" });
  response.end(JSON.stringify({ url, host: headers.host, added: headers["added"] }));
};

test("CloudFront Functions see the CloudFront headers that policies name, and never a viewer's own", async () => {
  const arn = `arn:aws:cloudfront::${ROOT_ACCOUNT}:function/edge`;
  const code = `function handler({ request }) {
    return { statusCode: 200, body: JSON.stringify(request.headers) };
  }`;
  const policy = describeCachePolicy(
    {},
    { HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["CloudFront-Is-Mobile-Viewer"] } },
  );
  const { url } = await cdn.install(
    echo,
    {
      DefaultCacheBehavior: describeBehavior({
        FunctionAssociations: [{ FunctionARN: arn, EventType: "viewer-request" }],
      }),
    },
    {
      functions: { [arn]: { name: "edge", code, runtime: "cloudfront-js-2.0" } },
      cachePolicies: { [AS_ORIGIN_SAYS]: policy },
    },
  );
  const { text } = await ask(`${url}/p`, { headers: { "cloudfront-is-mobile-viewer": "true", "user-agent": "x" } });
  expect(JSON.parse(text)).toMatchObject({ "cloudfront-is-mobile-viewer": { value: "false" } });
});

describe("Lambda@Edge", () => {
  /** A distribution that runs a function of this deployment. */
  async function withLambda(code: string, EventType: EventType, answer: AnswerOrigin = echo) {
    const FunctionName = await createFunction(lambda, code);
    const { FunctionArn = "" } = await lambda.send(new PublishVersionCommand({ FunctionName }));
    const behavior = describeBehavior({
      LambdaFunctionAssociations: [{ LambdaFunctionARN: FunctionArn, EventType, IncludeBody: false }],
    });
    return cdn.install(answer, { DefaultCacheBehavior: behavior }, { accountId: FunctionArn.split(":")[4]! });
  }

  test("origin events tell the origin and its host, which may be returned", async () => {
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { request } = event.Records[0].cf;
        const [{ value }] = request.headers.host;
        request.headers.added = [{ value: value + ' ' + request.origin.custom.protocol }];
        request.headers.host = [{ key: 'Host', value: 'elsewhere.test' }];
        return request;
      };`,
      "origin-request",
    );
    const { text } = await ask(`${url}/p`);
    expect(JSON.parse(text)).toEqual({ url: "/p", host: `127.0.0.1:${cdn.origin.port}`, added: "127.0.0.1 http" });
  });

  test("origin-response tells the origin as well", async () => {
    const { url } = await withLambda(
      `exports.handler = async (event) => {
        const { request, response } = event.Records[0].cf;
        response.headers['x-told'] = [{ value: request.origin.custom.domainName + ' ' + request.headers.host[0].value }];
        return response;
      };`,
      "origin-response",
    );
    expect((await ask(`${url}/p`)).headers.get("x-told")).toBe("127.0.0.1 127.0.0.1");
  });

  test("viewer-response cannot change the status", async () => {
    const { url } = await withLambda(
      "exports.handler = async (event) => ({ ...event.Records[0].cf.response, status: '404' });",
      "viewer-response",
    );
    expect(await ask(`${url}/p`)).toMatchObject({ status: 502 });
  });

  test("an answer of status 204 has no body, and a function that gives it one is wrong", async () => {
    const none = await withLambda("exports.handler = async () => ({ status: '204' });", "viewer-request");
    expect(await ask(`${none.url}/p`)).toMatchObject({ status: 204, text: "", from: "LambdaGeneratedResponse" });
    const some = await withLambda("exports.handler = async () => ({ status: '204', body: 'x' });", "viewer-request");
    expect(await ask(`${some.url}/p`)).toMatchObject({ status: 502 });
  });
});
