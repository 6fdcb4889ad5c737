import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { useCdn } from "../../support/cdn-fixture.ts";
import { AS_ORIGIN_SAYS, describeBehavior, describeCachePolicy } from "../../support/distribution.ts";
import type { AnswerOrigin } from "../../support/origin.ts";
import { sendRaw } from "../../support/raw-http.ts";

const cdn = useCdn();

/** Speaks Brotli to who takes it, and forgets to say that it depends. */
const answer: AnswerOrigin = ({ headers }, response) => {
  const accepted = headers["accept-encoding"] ?? "-";
  const isBrotli = accepted.includes("br");
  response.writeHead(200, { "cache-control": "max-age=60", ...(isBrotli && { "content-encoding": "br" }) });
  response.end(isBrotli ? brotliCompressSync(accepted) : accepted);
};

/** As sent: `fetch` decodes. */
async function askAccepting(url: string, accepted: string) {
  const { host, pathname } = new URL(url);
  const fields = [`Host: ${host}`, `Accept-Encoding: ${accepted}`];
  const { headers, body } = await sendRaw(url, `GET ${pathname} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  const coding = headers["content-encoding"];
  const text = (coding === "br" ? brotliDecompressSync(body) : body).toString();
  return { coding, text, from: headers["x-cache"]?.split(" ")[0] };
}

const OFF = { MinTTL: 0, DefaultTTL: 0, MaxTTL: 0 };

test("where nothing is cached, Accept-Encoding is forwarded like any other header", async () => {
  const { url } = await cdn.install(answer, {}, { cachePolicies: { [AS_ORIGIN_SAYS]: describeCachePolicy(OFF) } });
  const accepted = "gzip, br;q=0.9, zstd";
  expect(await askAccepting(`${url}/a`, accepted)).toEqual({ coding: "br", text: accepted, from: "Miss" });
  expect((await askAccepting(`${url}/a`, "gzip")).text).toBe("gzip");
});

test("where the policies do not forward it, origins are asked for no coding", async () => {
  const { OriginRequestPolicyId: _all, ...DefaultCacheBehavior } = describeBehavior();
  const cachePolicies = { [AS_ORIGIN_SAYS]: describeCachePolicy(OFF) };
  const { url } = await cdn.install(answer, { DefaultCacheBehavior }, { cachePolicies });
  expect((await askAccepting(`${url}/a`, "br")).text).toBe("identity");
});

test("where answers are cached it is forwarded as it came only if the key has it", async () => {
  const { url } = await cdn.install(answer);
  expect((await askAccepting(`${url}/a`, "br")).text).toBe("identity");
  const policy = describeCachePolicy(
    {},
    { HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["Accept-Encoding"] } },
  );
  const keyed = await cdn.install(answer, {}, { cachePolicies: { [AS_ORIGIN_SAYS]: policy } });
  for (const from of ["Miss", "Hit"]) {
    expect(await askAccepting(`${keyed.url}/a`, "br")).toEqual({ coding: "br", text: "br", from });
    expect(await askAccepting(`${keyed.url}/a`, "gzip")).toEqual({ coding: undefined, text: "gzip", from });
  }
});
