/**
 * `npm run bench:async`: asynchronous invocations of a trivial function from end to end. Events are accepted over
 * HTTP while they are run; then a backlog is laid into the function's object and drained. Both beside
 * synchronous invocations of the same function in the same run.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import type { FunctionEventsApi } from "../../../src/metadata/function/events-protocol.ts";
import { bundleWorker } from "../../local/bundle.ts";
import { type Credentials, credentialBindings, generateCredentials } from "../../local/credentials.ts";
import { DEFAULT_REGION, startRuntime } from "../../local/runtime.ts";

const EVENTS = Number(process.argv[2] ?? "10000");
const CONNECTIONS = 32;
const NAME = "trivial";

const folder = mkdtempSync(join(tmpdir(), "verge-bench-async-"));
const stateDir = join(folder, "state");
const credentials = generateCredentials();
const { mainModule } = await bundleWorker(join(folder, "bundle"));
const runtime = await startRuntime({
  mainModule,
  stateDir,
  host: "127.0.0.1",
  port: 0,
  bindings: { VERGE_REGION: DEFAULT_REGION, ...credentialBindings(credentials) },
});
try {
  await measure(runtime.endpoint.origin, credentials);
} finally {
  await runtime.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(endpoint: string, keys: Credentials): Promise<void> {
  const accountId = await createFunction(endpoint, keys);
  await send(endpoint, keys, "RequestResponse", 500);
  const synchronous = await rate(EVENTS, () => send(endpoint, keys, "RequestResponse", EVENTS));
  console.log(`synchronous invocations over HTTP: ${synchronous}/s`);
  await send(endpoint, keys, "Event", 500);
  await untilEmpty();
  let accepted = 0;
  const together = await rate(EVENTS, async () => {
    accepted = await rate(EVENTS, () => send(endpoint, keys, "Event", EVENTS));
    await untilEmpty();
  });
  console.log(`events accepted over HTTP: ${accepted}/s, and run at the same time: ${together}/s`);
  const drained = await rate(EVENTS, async () => {
    await layBacklog(accountId);
    await untilEmpty();
  });
  console.log(
    `a backlog of ${EVENTS} events laid and drained: ${drained}/s, ${(drained / synchronous).toFixed(2)} of the synchronous`,
  );
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return Math.round((count * 1_000) / (performance.now() - begin));
}

async function createFunction(endpoint: string, keys: Credentials): Promise<string> {
  const client = new LambdaClient({ endpoint, region: DEFAULT_REGION, credentials: keys });
  const { FunctionArn } = await client.send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Runtime: "nodejs24.x",
      Role: "arn:aws:iam::123456789012:role/bench",
      Handler: "index.handler",
      Code: { ZipFile: zipSync({ "index.js": strToU8("exports.handler = async (event) => event;") }) },
    }),
  );
  client.destroy();
  return FunctionArn!.split(":")[4]!;
}

/** Invokes it `count` times over connections that are kept. The signature is that of the first: they are all the same. */
async function send(endpoint: string, keys: Credentials, type: string, count: number): Promise<void> {
  const url = `${endpoint}/2015-03-31/functions/${NAME}/invocations`;
  const body = '{"a":1}';
  const headers = {
    "content-type": "application/json",
    "x-amz-invocation-type": type,
    ...signRequest({
      method: "POST",
      url,
      region: DEFAULT_REGION,
      service: "lambda",
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      now: Date.now(),
      headers: { "x-amz-invocation-type": type },
      payloadSha256: createHash("sha256").update(body).digest("hex"),
    }),
  };
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = count;
  const work = async () => {
    while (left-- > 0) await post(url, headers, body, agent);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  agent.destroy();
}

function post(url: string, headers: Record<string, string>, body: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", headers, agent }, (response) => {
      response.resume();
      response.on("end", () => {
        const { statusCode = 0 } = response;
        if (statusCode < 300) resolve();
        else reject(new Error(`answered ${statusCode}`));
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function layBacklog(accountId: string): Promise<void> {
  const objects = await runtime.miniflare.getDurableObjectNamespace("FUNCTION_EVENTS", "verge");
  const object = objects.get(objects.idFromName(`${accountId}:${NAME}`)) as unknown as FunctionEventsApi;
  const payload = new TextEncoder().encode('{"a":1}');
  for (let laid = 0; laid < EVENTS; laid += 500) {
    const events = Array.from({ length: 500 }, () => ({ id: crypto.randomUUID(), payload, source: "invoke" as const }));
    await object.accept({ accountId, functionName: NAME }, events);
  }
}

/** Reads the object's database: nothing but the last event's end makes it empty. */
async function untilEmpty(): Promise<void> {
  const path = join(stateDir, "v3", "do", "verge-FunctionEvents");
  const file = readdirSync(path).find((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  const database = new DatabaseSync(join(path, file!), { readOnly: true });
  const count = database.prepare("SELECT count(*) AS count FROM agenda");
  while ((count.get() as { count: number }).count > 0) await wait(10);
  database.close();
}
