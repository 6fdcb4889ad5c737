import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCustomOrigin, installDistribution } from "../../support/distribution.ts";

const cdn = useCdn();
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A server that says these bytes to whatever it is asked, and hangs up. */
async function startRawOrigin(say: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => say(socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function installRaw(say: (socket: Socket) => void) {
  const port = await startRawOrigin(say);
  return installDistribution(cdn.verge, { Origins: [describeCustomOrigin(port, { ConnectionAttempts: 1 })] });
}

const OK = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n";

describe("an origin that fails", () => {
  test("cannot be reached: 502 in CloudFront's form", async () => {
    const { url } = await installDistribution(cdn.verge, { Origins: [describeCustomOrigin(1)] });
    const answer = await ask(`${url}/page`);
    expect(answer).toMatchObject({ status: 502, from: "Error" });
    expect(answer.text).toContain("The request could not be satisfied");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("talks nonsense: 502", async () => {
    const { url } = await installRaw((socket) => socket.end("garbage\r\n\r\n"));
    expect(await ask(`${url}/page`)).toMatchObject({ status: 502, from: "Error" });
  });

  test("is silent for too long: 504", async () => {
    const slow = describeCustomOrigin(cdn.origin.port);
    const Origins = [{ ...slow, CustomOriginConfig: { ...slow.CustomOriginConfig!, OriginReadTimeout: 1 } }];
    const { url } = await cdn.install(() => undefined, { Origins });
    expect(await ask(`${url}/page`)).toMatchObject({ status: 504, from: "Error" });
  });

  test("is covered up by what is stored, and stale", async () => {
    let broken = false;
    const { url } = await cdn.install((_request, response) => {
      if (broken) response.writeHead(503).end("broken");
      else response.writeHead(200, { "cache-control": "max-age=0, stale-if-error=60" }).end("good");
    });
    await ask(`${url}/page`);
    broken = true;
    expect(await ask(`${url}/page`)).toMatchObject({ status: 200, text: "good", from: "Hit" });
  });

  test("is not covered up where the stored answer forbids it", async () => {
    let broken = false;
    const { url } = await cdn.install((_request, response) => {
      if (broken) response.writeHead(503).end("broken");
      else response.writeHead(200, { "cache-control": "max-age=0, must-revalidate", etag: '"a"' }).end("good");
    });
    await ask(`${url}/page`);
    broken = true;
    expect(await ask(`${url}/page`)).toMatchObject({ status: 503, text: "broken", from: "Error" });
  });
});

describe("a body that is not what was said", () => {
  test.each([
    ["cut off in the middle", `${OK}Content-Length: 200000\r\n\r\n${"x".repeat(100_000)}`],
    ["small and cut off", `${OK}Content-Length: 100\r\n\r\nonly this`],
    ["chunked and cut off", `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
  ])("%s: is never stored", async (_case, text) => {
    let asked = 0;
    const { url } = await installRaw((socket) => {
      asked++;
      socket.end(text);
    });
    for (let time = 0; time < 2; time++) {
      // Broken off where it had begun, else an error in its place, of which nothing is said to be stored.
      const answer = await ask(`${url}/page`).catch(() => ({ status: 502, from: "Error", headers: new Headers() }));
      expect(answer).toMatchObject({ status: 502, from: "Error" });
      expect(answer.headers.get("cache-status") ?? "").not.toContain("stored");
    }
    expect(asked).toBeGreaterThanOrEqual(2);
  });
});

test("a slice that breaks off is an error of the origin", async () => {
  const head = `HTTP/1.1 206 Partial\r\nCache-Control: max-age=60\r\nETag: "a"\r\nContent-Range: bytes 0-1048575/5000000\r\n`;
  let asked = 0;
  const { url } = await installRaw((socket) => {
    asked++;
    socket.end(`${head}Content-Length: 1048576\r\n\r\n${"x".repeat(1000)}`);
  });
  for (let time = 1; time <= 2; time++) {
    const answer = await ask(`${url}/film`, { headers: { range: "bytes=0-99" } });
    expect(answer).toMatchObject({ status: 502, from: "Error" });
    expect(asked).toBe(time);
  }
});

describe("origin groups", () => {
  const group = (port: number, StatusCodes: number[]) => ({
    Origins: [
      describeCustomOrigin(port, { Id: "first", ConnectionAttempts: 1 }),
      describeCustomOrigin(cdn.origin.port, { Id: "second" }),
    ],
    OriginGroups: [
      { Id: "both", FailoverCriteria: { StatusCodes }, Members: [{ OriginId: "first" }, { OriginId: "second" }] },
    ],
    DefaultCacheBehavior: describeBehavior({ TargetOriginId: "both" }),
  });

  test("fall back when the first cannot be reached", async () => {
    const { url } = await cdn.install((_request, response) => void response.end("second"), group(1, [503]));
    expect(await ask(`${url}/page`)).toMatchObject({ status: 200, text: "second" });
  });

  test("fall back for the statuses that count as failing, and for reading only", async () => {
    const port = await startRawOrigin((socket) => socket.end("HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nfirst"));
    const { url } = await cdn.install((_request, response) => void response.end("second"), group(port, [503]));
    expect((await ask(`${url}/page`)).text).toBe("second");
    expect((await ask(`${url}/page`, { method: "POST", body: "x" })).text).toBe("first");
  });

  test("answer what the first says otherwise", async () => {
    const port = await startRawOrigin((socket) => socket.end("HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nfirst"));
    const { url } = await cdn.install((_request, response) => void response.end("second"), group(port, [503]));
    expect(await ask(`${url}/page`)).toMatchObject({ status: 404, text: "first" });
  });
});

describe("custom error responses", () => {
  const errorPages = (ErrorCode: number, ResponseCode: string) => ({
    CustomErrorResponses: [{ ErrorCode, ResponseCode, ResponsePagePath: "/sorry.html", ErrorCachingMinTTL: 60 }],
  });

  test("stand in for an error, with their own status", async () => {
    const { url } = await cdn.install(
      (request, response) => {
        if (request.url === "/sorry.html") response.writeHead(200, { "content-type": "text/html" }).end("sorry");
        else response.writeHead(404).end("nothing");
      },
      errorPages(404, "200"),
    );
    expect(await ask(`${url}/missing`)).toMatchObject({ status: 200, text: "sorry", from: "Error" });
  });

  test("keep the error for as long as they say", async () => {
    const { url } = await cdn.install(
      (request, response) => {
        if (request.url === "/sorry.html") response.writeHead(200, { "cache-control": "max-age=60" }).end("sorry");
        else response.writeHead(404).end("nothing");
      },
      errorPages(404, "404"),
    );
    for (let time = 0; time < 3; time++)
      expect(await ask(`${url}/missing`)).toMatchObject({ status: 404, text: "sorry" });
    expect(cdn.origin.asked.map(({ url: path }) => path)).toEqual(["/missing", "/sorry.html"]);
  });

  test("leave the error as it is where the page fails as well", async () => {
    const { url } = await cdn.install(
      (_request, response) => response.writeHead(404).end("nothing") && undefined,
      errorPages(404, "200"),
    );
    expect(await ask(`${url}/missing`)).toMatchObject({ status: 404, text: "nothing" });
  });
});
