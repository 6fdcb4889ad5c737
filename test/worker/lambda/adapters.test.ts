/**
 * What adapters of HTTP frameworks for Lambda do with Node.js's own classes: requests and responses made by
 * hand, some by constructors from before there were classes.
 */
import { describe, expect, it } from "vitest";
import { makeFunction } from "./environment.ts";

describe("http.IncomingMessage", () => {
  it("takes header lines as Node.js's parser gives them", async () => {
    const fn = makeFunction({
      "index.js": `
        const { IncomingMessage } = require("node:http");
        class Request extends IncomingMessage {
          constructor(lines) {
            super({ readable: true });
            this._addHeaderLines(lines, lines.length);
          }
        }
        exports.handler = async (lines) => {
          const request = new Request(lines);
          return { headers: request.headers, raw: request.rawHeaders.length };
        };
      `,
    });
    const lines = ["X-Foo", "1", "x-foo", "2", "Host", "a", "host", "b", "Set-Cookie", "s=1", "Set-Cookie", "t=2"];
    const { result } = await fn.invoke([...lines, "Cookie", "a=1", "Cookie", "b=2"]);
    expect(result).toEqual({
      headers: { "x-foo": "1, 2", host: "a", "set-cookie": ["s=1", "t=2"], cookie: "a=1; b=2" },
      raw: 16,
    });
  });
});

describe("http.ServerResponse", () => {
  it("is called as a constructor of old, and tells its head once that is written", async () => {
    const fn = makeFunction({
      "index.js": `
        const http = require("node:http");
        const { Writable } = require("node:stream");
        const { inherits } = require("node:util");
        function Response(request) {
          http.ServerResponse.call(this, request);
          this.setHeader("X-A", "b");
          this.assignSocket(new Writable({ write: (chunk, encoding, done) => done() }));
        }
        inherits(Response, http.ServerResponse);
        const seen = [];
        Response.prototype.writeHead = function () {
          const result = http.ServerResponse.prototype.writeHead.apply(this, arguments);
          seen.push(this._header, this.headersSent, result === this);
          return result;
        };
        exports.handler = async () => {
          const response = new Response({ method: "GET" });
          const other = new http.ServerResponse({ method: "HEAD" });
          other.setHeader("x-a", "c");
          response.writeHead(201, { "content-type": "text/plain" });
          const finished = new Promise((resolve) => response.once("finish", resolve));
          response.write("hello");
          response.end();
          await finished;
          return {
            seen,
            kind: response instanceof http.ServerResponse,
            headers: response.getHeaders(),
            other: other.getHeaders(),
          };
        };
      `,
    });
    expect((await fn.invoke()).result).toEqual({
      seen: ["HTTP/1.1 201 Created\r\nX-A: b\r\ncontent-type: text/plain\r\n\r\n", true, true],
      kind: true,
      headers: { "x-a": "b", "content-type": "text/plain" },
      other: { "x-a": "c" },
    });
  });

  it("writes its head once, before the body, and no body where there is none", async () => {
    const fn = makeFunction({
      "index.js": `
        const { ServerResponse } = require("node:http");
        exports.handler = async ({ method, status }) => {
          const response = new ServerResponse({ method });
          const written = [];
          response.assignSocket({ write: (data) => written.push(String(data)) });
          response.statusCode = status;
          response.write("one");
          await new Promise((resolve) => response.end("two", resolve));
          return written;
        };
      `,
    });
    expect((await fn.invoke({ method: "GET", status: 200 })).result).toEqual(["HTTP/1.1 200 OK\r\n\r\n", "one", "two"]);
    expect((await fn.invoke({ method: "HEAD", status: 200 })).result).toEqual(["HTTP/1.1 200 OK\r\n\r\n"]);
    expect((await fn.invoke({ method: "GET", status: 204 })).result).toEqual(["HTTP/1.1 204 No Content\r\n\r\n"]);
  });
});

describe("util.debuglog", () => {
  const source = {
    "index.js": `
      const { debuglog, promisify } = require("node:util");
      const debug = debuglog("avvio");
      debug("started %s", 1);
      exports.handler = async () => [debug.enabled, debuglog("other").enabled, promisify(setTimeout) !== undefined];
    `,
  };

  it("says nothing unless NODE_DEBUG names its section", async () => {
    const { result, logs } = await makeFunction(source).invoke();
    expect(result).toEqual([false, false, true]);
    expect(logs.text()).not.toContain("started");
  });

  it("speaks when it is named", async () => {
    const fn = makeFunction(source, { environment: { NODE_DEBUG: "http,avv*" } });
    const { result, logs } = await fn.invoke();
    expect(result).toEqual([true, false, true]);
    expect(logs.text()).toContain("started 1");
  });
});
