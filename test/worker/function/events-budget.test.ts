import { createExecutionContext, reset, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { strToU8, zipSync } from "fflate";
import { afterEach, expect, it } from "vitest";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { meterEnv, type PlatformOperation } from "../../../src/gateway/metering.ts";
import { acceptEvents } from "../../../src/metadata/function/events-client.ts";
import type { LeasedEvent } from "../../../src/metadata/function/events-protocol.ts";
import worker from "../../../src/worker.ts";
import { countRows } from "../count-rows.ts";
import { catchMessages, event, exchange, restoreQueue, settle, TARGET } from "./events-fixture.ts";

/** The budget of an asynchronous Invoke (docs/cost.md): two calls of objects, three rows, one message. */
const ORIGIN = "http://localhost";
const FUNCTIONS = "/2015-03-31/functions";

let counted: PlatformOperation[] = [];
const metered = meterEnv(env, (operation) => counted.push(operation));
afterEach(async () => {
  restoreQueue();
  await reset();
});

async function send(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const url = ORIGIN + path;
  const payload = strToU8(body);
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", payload)).toString("hex");
  const signature = signRequest({
    method: "POST",
    url,
    region: "us-east-1",
    service: "lambda",
    accessKeyId: env.VERGE_ROOT_ACCESS_KEY_ID!,
    secretAccessKey: env.VERGE_ROOT_SECRET_ACCESS_KEY!,
    now: Date.now(),
    payloadSha256: digest,
    headers,
  });
  const context = createExecutionContext();
  const request = new Request(url, {
    method: "POST",
    headers: { host: "localhost", ...headers, ...signature, "content-length": String(payload.byteLength) },
    body: payload,
  });
  const response = await worker.fetch(request, metered, context);
  const text = await response.clone().text();
  await waitOnExecutionContext(context);
  if (response.status >= 400) throw new Error(`${path}: ${response.status} ${text}`);
  return response;
}

it("to run an event costs a row when it is leased and two when it is done", async () => {
  catchMessages();
  await acceptEvents(env, TARGET, [event("a"), event("b")]);
  const object = env.FUNCTION_EVENTS.getByName(`${TARGET.accountId}:${TARGET.functionName}`);
  let leased: readonly LeasedEvent[] = [];
  const leaseRows = await countRows(object, async () => {
    leased = await exchange();
  });
  const done = leased.map(({ id, until }) => ({ id, until, outcome: "done" as const }));
  expect(leaseRows).toBe(2);
  expect(await countRows(object, () => settle(...done))).toBe(4);
});

it("an asynchronous Invoke costs one call of an object, three rows with the alarm, and one message", async () => {
  const sent = catchMessages();
  const zip = zipSync({ "index.js": strToU8("exports.handler = async (event) => event;") });
  const created = await send(
    FUNCTIONS,
    JSON.stringify({
      FunctionName: TARGET.functionName,
      Runtime: "nodejs24.x",
      Role: "arn:aws:iam::123456789012:role/r",
      Handler: "index.handler",
      Code: { ZipFile: Buffer.from(zip).toString("base64") },
    }),
  );
  const { FunctionArn } = await created.json<{ FunctionArn: string }>();
  const object = env.FUNCTION_EVENTS.getByName(`${FunctionArn.split(":")[4]}:${TARGET.functionName}`);
  const invoke = () =>
    send(`${FUNCTIONS}/${TARGET.functionName}/invocations`, '{"a":1}', { "x-amz-invocation-type": "Event" });
  // The isolate learns the function, the object its name.
  await invoke();
  sent.length = 0;
  counted = [];
  const rows = await countRows(object, async () => expect((await invoke()).status).toBe(202));
  expect(counted).toEqual(["durable-object"]);
  // The alarm is one more, and serves all that are accepted within two seconds.
  expect(rows).toBe(2);
  expect(sent.length).toBeLessThanOrEqual(1);
});
