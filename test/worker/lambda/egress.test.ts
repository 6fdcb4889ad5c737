import * as workers from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { makeFunction } from "./environment.ts";

/** The Worker's own entrypoint, as worker.ts exports it. */
const { FunctionEgress } = workers.exports as unknown as {
  FunctionEgress: (options: { props: { functionArn: string; ownHost?: string; allow?: readonly string[] } }) => Fetcher;
};

const TRY = `
  exports.handler = async (urls) => Promise.all(urls.map(async (url) => {
    try { const answer = await fetch(url); await answer.arrayBuffer(); return answer.status } catch (error) { return error.message }
  }));
`;

const behindFilter = (props: { allow?: readonly string[] } = {}) =>
  // The first call of an entrypoint loads the whole Worker, which takes seconds on a busy machine.
  makeFunction({ "index.js": TRY }, { timeoutSeconds: 20 }, () =>
    FunctionEgress({ props: { functionArn: "arn", ownHost: "verge.test", ...props } }),
  );

// The first call loads the whole Worker: the test framework must wait as long as the function may.
describe("what leaves a function", { timeout: 20_000 }, () => {
  it("reaches no private address", async () => {
    const { result } = await behindFilter().invoke([
      "http://127.0.0.1:1/",
      "http://localhost/",
      "http://169.254.169.254/latest/meta-data/",
      "http://[::ffff:10.0.0.1]/",
      "http://2130706433/",
    ]);
    const refused = (host: string) => `connect EACCES ${host}: private addresses cannot be reached from a function`;
    expect(result).toEqual(["127.0.0.1:1", "localhost", "169.254.169.254", "[::ffff:a00:1]", "127.0.0.1"].map(refused));
  });

  it("reaches only the hosts of its list, if it has one", async () => {
    const { result } = await behindFilter({ allow: ["*.example.org"] }).invoke(["https://example.com/"]);
    expect(result).toEqual(["connect EACCES example.com: the host is not among those that this function may reach"]);
  });

  it("is answered in process when it is for this deployment", async () => {
    const { result } = await behindFilter({ allow: [] }).invoke(["http://verge.test/_verge/health"]);
    expect(result).toEqual([200]);
  });

  it("hears at once that it may go on with a body, which the AWS SDK waits for", async () => {
    const fn = makeFunction(
      {
        "index.js": `
          const http = require("http");
          exports.handler = () => new Promise((resolve, reject) => {
            const request = http.request("http://verge.test/_verge/health", { headers: { expect: "100-continue" } });
            request.on("continue", () => request.end());
            request.on("response", (response) => resolve(response.statusCode));
            request.on("error", reject);
          });
        `,
      },
      {},
      () => FunctionEgress({ props: { functionArn: "arn", ownHost: "verge.test" } }),
    );
    expect((await fn.invoke()).result).toBe(200);
  });

  it("opens no sockets", async () => {
    const fn = makeFunction(
      {
        "index.js": `
          const net = require("net");
          exports.handler = () => new Promise((resolve) => {
            const socket = net.connect(9, "example.com");
            socket.on("error", (error) => resolve(error.message));
            socket.on("data", () => resolve("data"));
            socket.write("x");
          });
        `,
      },
      {},
      () => FunctionEgress({ props: { functionArn: "arn" } }),
    );
    expect((await fn.invoke()).result).toBe("Network connection lost.");
  });
});

describe("functions and each other", () => {
  it("share neither memory nor environment nor files", async () => {
    const source = `
      const fs = require("fs");
      exports.handler = async (event) => {
        const before = [globalThis.secret ?? null, process.env.SECRET ?? null, fs.readdirSync("/tmp"), Object.prototype.secret ?? null];
        globalThis.secret = Object.prototype.secret = process.env.SECRET;
        fs.writeFileSync("/tmp/secret", "x");
        return before;
      };
    `;
    const one = makeFunction({ "index.js": source }, { environment: { SECRET: "one" } });
    const other = makeFunction({ "index.js": source });
    expect((await one.invoke()).result).toEqual([null, "one", [], null]);
    expect((await other.invoke()).result).toEqual([null, null, [], null]);
  });

  it("cannot reach the runtime's own modules, nor bindings of the Worker", async () => {
    const fn = makeFunction({
      "index.mjs": `
        const names = ["cloudflare:workers", "cloudflare:sockets", "verge/shim.js", "./../../verge/shim.js", "/verge/function.json"];
        export const handler = async () => Promise.all(names.map((name) => import(name).then(() => "reached", (error) => error.code)));
      `,
    });
    expect((await fn.invoke()).result).toEqual(Array(5).fill("ERR_MODULE_NOT_FOUND"));
  });

  it("break nobody's answers but their own when they spoil what the runtime uses", async () => {
    const fn = makeFunction({
      "index.js": `
        JSON.stringify = () => '{"forged":true}';
        Promise.race = () => { throw new Error("spoilt") };
        Object.prototype.failed = true;
        exports.handler = async () => 1;
      `,
    });
    await fn.invoke();
    expect((await makeFunction({ "index.js": "exports.handler = async () => 1" }).invoke()).result).toBe(1);
  });
});
