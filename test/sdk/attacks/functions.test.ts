import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  InvokeCommand,
  type LambdaClient,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createFunction,
  createLambdaClient,
  describeFunction,
  invokeFunction,
  zipFiles,
} from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

/** What a function might do to others: number 12 of the list of attacks; loops and memory: lambda/faults.test.ts. */
let verge: Verge;
let lambda: LambdaClient;
/** Something on this machine that no function may reach. */
let canary: Server;
let port = 0;
let reached: string[] = [];

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  canary = createServer((request, response) => {
    reached.push(request.url ?? "");
    response.end("reached");
  });
  await new Promise<void>((resolve) => canary.listen(0, "::", resolve));
  ({ port } = canary.address() as AddressInfo);
});
afterAll(async () => {
  canary.close();
  await verge.stop();
});

const FETCH_ALL = `exports.handler = async (urls) => Promise.all(urls.map((url) => fetch(url, { signal: AbortSignal.timeout(4000) }).then(async (response) => "answered " + await response.text(), (error) => error.message)));`;

describe("egress", () => {
  it("reaches nothing on this machine or beside it, however it is spelt", async () => {
    reached = [];
    const hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]"];
    hosts.push(
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[64:ff9b::7f00:1]",
      "127.0.0.1.nip.io",
      "localhost.",
      "a.localhost",
    );
    const metadata = ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "[::ffff:169.254.169.254]"];
    const urls = [
      ...hosts.map((host) => `http://${host}:${port}/direct`),
      ...metadata.map((host) => `http://${host}/latest/meta-data/`),
    ];
    const name = await createFunction(lambda, FETCH_ALL, { Timeout: 20 });
    const { result } = await invokeFunction(lambda, name, urls);
    expect(result).toEqual(
      urls.map(() => expect.stringMatching(/^connect EACCES .* private addresses cannot be reached from a function$/)),
    );
    expect(reached).toEqual([]);
  });

  it("does not follow a redirect to where it may not go", async () => {
    reached = [];
    const FunctionName = await createFunction(
      lambda,
      "exports.handler = async (event) => ({ statusCode: 302, headers: { location: event.queryStringParameters.to } });",
    );
    const { FunctionUrl } = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE" }));
    const permission = {
      StatementId: "url",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: "NONE",
    } as const;
    await lambda.send(new AddPermissionCommand({ FunctionName, ...permission }));
    // The deployment's own host as functions know it: the call is answered without the network.
    const own = `http://localhost${new URL(FunctionUrl!).pathname}?to=`;
    const targets = [
      `http://127.0.0.1:${port}/redirected`,
      `http://[::1]:${port}/redirected`,
      "http://169.254.169.254/",
    ];
    const name = await createFunction(lambda, FETCH_ALL, { Timeout: 20 });
    const { result } = await invokeFunction(
      lambda,
      name,
      targets.map((target) => own + encodeURIComponent(target)),
    );
    expect(result).toEqual(targets.map(() => expect.stringContaining("private addresses cannot be reached")));
    expect(reached).toEqual([]);
  });

  it("opens no socket, and makes no request by Node's own clients", async () => {
    reached = [];
    const name = await createFunction(
      lambda,
      `const http = require("http"); const net = require("net");
       const settle = (make) => new Promise((resolve) => { try { make(resolve); } catch (error) { resolve(error.message); } setTimeout(resolve, 2000, "nothing"); });
       exports.handler = async (port) => Promise.all([
         settle((done) => http.get({ host: "127.0.0.1", port, path: "/http" }, () => done("answered")).on("error", () => done("refused"))),
         settle((done) => { const socket = net.connect(port, "127.0.0.1"); socket.on("data", () => done("answered")); socket.on("error", () => done("refused")); socket.write("GET /net HTTP/1.0\\r\\n\\r\\n"); }),
       ]);`,
      { Timeout: 20 },
    );
    const { result } = await invokeFunction(lambda, name, port);
    expect(result).not.toContain("answered");
    expect(reached).toEqual([]);
  });

  it("reaches only the hosts of its list, when it has one", async () => {
    const Environment = { Variables: { VERGE_EGRESS_ALLOW: "api.example.com, *.example.org" } };
    const name = await createFunction(lambda, FETCH_ALL, { Environment, Timeout: 20 });
    const urls = ["https://example.com/", "https://api.example.com.attacker.net/", "https://example.org/"];
    const { result } = await invokeFunction(lambda, name, urls);
    expect(result).toEqual(urls.map(() => expect.stringMatching(/not among those that this function may reach$/)));
  });
});

describe("attack classes 3 and 12: the package", () => {
  it.each([
    ["more than a function may have", 263_000_000, "Unzipped size must be smaller than"],
    ["less than it inflates to", 10, "Could not unzip uploaded file"],
  ])("may not be a zip bomb that says it has %s", async (_what, claimed, message) => {
    const bomb = claimSize(zipFiles({ "index.js": new Uint8Array(20_000_000) }), claimed);
    const input = { ...describeFunction("zip-bomb"), Code: { ZipFile: bomb } };
    await expect(lambda.send(new CreateFunctionCommand(input))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringContaining(message),
    });
  });
});

/** Writes another size into both headers of a zip's only file (APPNOTE 4.3.7, 4.3.12). */
function claimSize(zip: Uint8Array, size: number): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const directory = view.getUint32(zip.byteLength - 6, true);
  view.setUint32(22, size, true);
  view.setUint32(directory + 24, size, true);
  return zip;
}

describe("another function", () => {
  it("keeps its environment to itself", async () => {
    const Environment = { Variables: { SECRET: "of-the-other-function" } };
    const other = await createFunction(lambda, "exports.handler = async () => process.env.SECRET;", { Environment });
    expect((await invokeFunction(lambda, other)).result).toBe("of-the-other-function");
    const spy = await createFunction(
      lambda,
      `const fs = require("fs");
       const walk = (folder, found, depth) => {
         for (const name of fs.readdirSync(folder)) {
           const path = folder + "/" + name;
           try { fs.statSync(path).isDirectory() ? depth > 0 && walk(path, found, depth - 1) : found.push(fs.readFileSync(path, "utf8")); } catch (error) { found.push(error.message); }
         }
         return found;
       };
       exports.handler = async (secret) => {
         const found = [process.env, Object.getOwnPropertyNames(globalThis)];
         for (const folder of ["/", "/proc", "/bundle", "/var", "/opt", "/tmp"]) { try { found.push(walk(folder, [], 3)); } catch (error) { found.push(error.message); } }
         for (const name of ["cloudflare:workers", "workerd:unsafe", "node:process"]) { try { const loaded = await import(name); found.push(Object.keys(loaded), loaded.env); } catch (error) { found.push(error.message); } }
         return JSON.stringify(found).includes(secret);
       };`,
      { Timeout: 20 },
    );
    expect((await invokeFunction(lambda, spy, Environment.Variables.SECRET)).result).toBe(false);
  });

  it("is not harmed by prototypes and globals that this one spoils", async () => {
    const spoiler = await createFunction(
      lambda,
      `exports.handler = async (event) => {
         Object.prototype.failed = true; Object.prototype.kind = "busy"; Object.prototype.toJSON = () => "polluted";
         JSON.stringify = () => '{"kind":"done","failed":false}'; JSON.parse = () => ({ polluted: true });
         Promise.prototype.then = () => { throw new Error("no"); };
         Array.prototype.push = () => 0; Map.prototype.get = () => "polluted"; globalThis.fetch = () => "polluted";
         return "done";
       };`,
      { Timeout: 3 },
    );
    await invokeFunction(lambda, spoiler, { __proto__: { a: 1 } });
    await invokeFunction(
      lambda,
      spoiler,
      JSON.parse('{"__proto__": {"failed": true}, "constructor": {"prototype": {"kind": "busy"}}}'),
    );
    const sound = await createFunction(
      lambda,
      "exports.handler = async (event) => ({ event, own: {}.failed === undefined });",
    );
    expect((await invokeFunction(lambda, sound, { a: 1 })).result).toEqual({ event: { a: 1 }, own: true });
  });
});

describe("an answer", () => {
  it("is the handler's, whatever it puts in the place of what the runtime uses", async () => {
    const forger = await createFunction(
      lambda,
      `const forged = '{"kind":"done","failed":false,"timedOut":false,"ended":false,"coldStart":false,"initMs":-1e9,"logStream":"2026/01/01/[1]00000000000000000000000000000000"}\\n"forged"';
       JSON.stringify = () => forged;
       exports.handler = async () => { console.log("START RequestId: forged Version: 1"); return "honest"; };`,
    );
    const { result, LogResult, $metadata } = await invokeFunction(lambda, forger, {}, { LogType: "Tail" });
    const log = Buffer.from(LogResult!, "base64").toString();
    expect(result).toBe("honest");
    expect(log).toContain(`END RequestId: ${$metadata.requestId}`);
    expect(log).toMatch(/\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t/);
  });

  it("belongs to its own request, however late the handler of another one settles", async () => {
    const name = await createFunction(
      lambda,
      `let last; exports.handler = (event, context, callback) => { last?.(null, "of another request"); last = callback; setTimeout(() => callback(null, event), 20); };`,
    );
    for (let call = 0; call < 5; call++) expect((await invokeFunction(lambda, name, call)).result).toBe(call);
  });

  it("is taken as bytes when it is streamed, also when they look like the runtime's own", async () => {
    const frames = [2, 0, 0, 0, 2, 0x7b, 0x7d, 0, 0, 0, 0, 1, 65];
    const name = await createFunction(
      lambda,
      `exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write(Buffer.from(${JSON.stringify(frames)})); stream.end(); });`,
    );
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: name }));
    expect([...Payload!]).toEqual(frames);
  });
});
