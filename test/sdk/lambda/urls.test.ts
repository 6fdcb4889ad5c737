import { createHash } from "node:crypto";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  type LambdaClient,
  ListFunctionUrlConfigsCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import type { CreateFunctionUrlConfigCommandInput } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

/** A function with a URL that everybody may call, unless `open` is false. */
async function createUrl(
  code: string,
  config: Partial<CreateFunctionUrlConfigCommandInput> = {},
  open = true,
): Promise<{ FunctionName: string; url: string }> {
  const FunctionName = await createFunction(lambda, code);
  const { FunctionUrl, AuthType } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...config }),
  );
  if (open) await allow(FunctionName, AuthType!);
  return { FunctionName, url: FunctionUrl! };
}

function allow(FunctionName: string, FunctionUrlAuthType: "NONE" | "AWS_IAM", Qualifier?: string) {
  return lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "url",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType,
      ...(Qualifier && { Qualifier }),
    }),
  );
}

const ECHO = "exports.handler = async (event) => event;";

describe("a function URL", () => {
  it("hands the request on in format 2.0", async () => {
    const { url } = await createUrl(ECHO);
    const answer = await fetch(`${url}a%20b/c?x=1&x=2&y=%C3%BC`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: "a=1; b=2", "x-custom": "yes" },
      body: '{"n":1}',
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await answer.json()).toMatchObject({
      version: "2.0",
      routeKey: "$default",
      rawPath: "/a%20b/c",
      rawQueryString: "x=1&x=2&y=%C3%BC",
      queryStringParameters: { x: "1,2", y: "ü" },
      cookies: ["a=1", "b=2"],
      headers: {
        "x-custom": "yes",
        "content-type": "application/json",
        "x-forwarded-proto": "http",
        "x-forwarded-for": "127.0.0.1",
      },
      requestContext: {
        accountId: "anonymous",
        apiId: expect.stringMatching(/^[a-z0-9]{32}$/),
        http: { method: "POST", path: "/a%20b/c", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
        requestId: answer.headers.get("x-amzn-requestid"),
        stage: "$default",
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      },
      body: '{"n":1}',
      isBase64Encoded: false,
    });
  });

  it("carries bytes in both directions", async () => {
    const { url } = await createUrl(
      `exports.handler = async ({ body, isBase64Encoded }) => ({
        statusCode: 201,
        headers: { "Content-Type": "application/octet-stream", "X-Was-Base64": String(isBase64Encoded) },
        cookies: ["a=1; Path=/", "b=2"],
        body,
        isBase64Encoded: true,
      });`,
    );
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const answer = await fetch(url, { method: "PUT", headers: { "content-type": "image/png" }, body: bytes });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-was-base64")).toBe("true");
    expect(answer.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  it("answers with a text as it is", async () => {
    const { url } = await createUrl("exports.handler = async () => 'text';");
    expect(await (await fetch(url)).text()).toBe("text");
  });

  it("says 502 when the function fails or answers nonsense", async () => {
    const failing = await createUrl("exports.handler = async () => { throw new Error('secret detail'); };");
    const nonsense = await createUrl("exports.handler = async () => ({ statusCode: 99 });");
    for (const { url } of [failing, nonsense]) {
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([502, '{"Message":"Internal Server Error"}']);
    }
  });

  it("is closed until the policy opens it", async () => {
    const { FunctionName, url } = await createUrl("exports.handler = async () => 1;", {}, false);
    expect((await fetch(url)).status).toBe(403);
    await allow(FunctionName, "AWS_IAM");
    expect((await fetch(url)).status).toBe(403);
  });

  it("with AWS_IAM takes signed requests of the account alone", async () => {
    const { url } = await createUrl(
      "exports.handler = async (e) => e.requestContext.authorizer.iam.accountId;",
      {
        AuthType: "AWS_IAM",
      },
      false,
    );
    expect((await fetch(url)).status).toBe(403);
    const body = '{"signed":true}';
    const sign = (secretAccessKey: string) =>
      signRequest({
        method: "POST",
        url: `${url}path`,
        region: verge.region,
        service: "lambda",
        accessKeyId: verge.accessKeyId,
        secretAccessKey,
        now: Date.now(),
        payloadSha256: createHash("sha256").update(body).digest("hex"),
      });
    const headers = sign(verge.secretAccessKey);
    const answer = await fetch(`${url}path`, { method: "POST", headers, body });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/^\d{12}$/)]);
    const forged = await fetch(`${url}path`, { method: "POST", headers: sign("not the secret at all"), body });
    expect(forged.status).toBe(403);
    const changed = await fetch(`${url}path`, { method: "POST", headers, body: '{"signed":false}' });
    expect(changed.status).toBe(403);
  });

  it("answers preflight requests by its configuration, without the function", async () => {
    const { url } = await createUrl(
      "exports.handler = async () => ({ statusCode: 200, headers: { 'access-control-allow-origin': 'https://evil.example' }, body: 'x' });",
      {
        Cors: { AllowOrigins: ["https://*.example.com"], AllowMethods: ["GET"], AllowHeaders: ["x-a"], MaxAge: 60 },
      },
    );
    const preflight = (origin: string) =>
      fetch(url, { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
    const allowed = await preflight("https://app.example.com");
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "x-a",
      "access-control-max-age": "60",
    });
    expect((await preflight("https://example.org")).headers.has("access-control-allow-origin")).toBe(false);
    const simple = await fetch(url, { headers: { origin: "https://app.example.com" } });
    expect(simple.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    const foreign = await fetch(url, { headers: { origin: "https://example.org" } });
    expect(foreign.headers.has("access-control-allow-origin")).toBe(false);
  });

  it("ends with its configuration, its function, and knows no other id", async () => {
    const one = await createUrl("exports.handler = async () => 1;");
    await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: one.FunctionName }));
    const two = await createUrl("exports.handler = async () => 1;");
    await lambda.send(new DeleteFunctionCommand({ FunctionName: two.FunctionName }));
    for (const url of [one.url, two.url, `${verge.endpoint}/_fn/${"a".repeat(32)}/`]) {
      expect((await fetch(url)).status).toBe(404);
    }
  });
});

describe("URL configurations", () => {
  it("are read, listed and changed, for functions and aliases", async () => {
    const FunctionName = await createFunction(lambda, "exports.handler = async () => 'v1';", { Publish: true });
    await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const created = await lambda.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: "live", AuthType: "NONE" }),
    );
    expect(created).toMatchObject({
      FunctionArn: expect.stringMatching(/:live$/),
      AuthType: "NONE",
      InvokeMode: "BUFFERED",
      $metadata: { httpStatusCode: 201 },
    });
    await allow(FunctionName, "NONE", "live");
    expect(await (await fetch(created.FunctionUrl!)).text()).toBe("v1");
    await expect(
      lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier: "live", AuthType: "NONE" })),
    ).rejects.toMatchObject({ name: "ResourceConflictException" });
    await expect(lambda.send(new GetFunctionUrlConfigCommand({ FunctionName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const changed = await lambda.send(
      new UpdateFunctionUrlConfigCommand({
        FunctionName,
        Qualifier: "live",
        AuthType: "AWS_IAM",
        Cors: { AllowOrigins: ["*"], MaxAge: 5 },
      }),
    );
    expect(changed).toMatchObject({ AuthType: "AWS_IAM", Cors: { AllowOrigins: ["*"], MaxAge: 5 } });
    expect((await fetch(created.FunctionUrl!)).status).toBe(403);
    const { FunctionUrlConfigs } = await lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
    expect(FunctionUrlConfigs!.map(({ FunctionUrl }) => FunctionUrl)).toEqual([created.FunctionUrl]);
  });
});
