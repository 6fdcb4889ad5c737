import { generateKeyPairSync } from "node:crypto";
import { getSignedCookies } from "@aws-sdk/cloudfront-signer";
import { describe, expect, test } from "vitest";
import { useCdn } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCustomOrigin } from "../../support/distribution.ts";
import type { AnswerOrigin } from "../../support/origin.ts";
import { sendRaw } from "../../support/raw-http.ts";

const cdn = useCdn();

const tellUrl: AnswerOrigin = ({ url }, response) =>
  void response.writeHead(200, { "cache-control": "max-age=60" }).end(url);

/** Asks for a path that clients would change before they send it. */
async function askRaw(url: string, path: string, headers: readonly string[] = []) {
  const { host, pathname } = new URL(url);
  const lines = [`GET ${pathname}${path} HTTP/1.1`, `Host: ${host}`, ...headers];
  const { status, body } = await sendRaw(url, `${lines.join("\r\n")}\r\n\r\n`);
  return { status, text: body.toString() };
}

describe("the behaviour that decides is that of the path which the origin gets", () => {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyGroups = {
    group: [{ publicKeyId: "K1", pem: keys.publicKey.export({ type: "spki", format: "pem" }).toString() }],
  };
  const TrustedKeyGroups = { Enabled: true, Items: ["group"] };
  const installPrivate = () =>
    cdn.install(
      tellUrl,
      { CacheBehaviors: [{ ...describeBehavior({ TrustedKeyGroups }), PathPattern: "/private/*" }] },
      { keyGroups },
    );

  test.each(["/private/a", "/x/../private/a", "/x/%2e%2E/private/a", "/./private/a"])("%s is private", async (path) => {
    const { url } = await installPrivate();
    expect((await askRaw(url, path)).status).toBe(403);
    expect(cdn.origin.asked).toEqual([]);
  });

  test.each([
    ["/x/..%2f../private/a", "/x/..%2f../private/a"],
    ["/private/../a", "/a"],
    // No URL has these, and no pattern takes them for slashes; the platform would.
    [String.raw`/private\a`, "/private%5Ca"],
    [String.raw`/x\..\private\a`, "/x%5C..%5Cprivate%5Ca"],
    [String.raw`/x/..\private/a`, "/x/..%5Cprivate/a"],
  ])("%s is not, and is %s for the origin", async (path, text) => {
    const { url } = await installPrivate();
    expect(await askRaw(url, path)).toEqual({ status: 200, text });
  });

  test("a signed policy covers what its pattern covers when dot segments are resolved", async () => {
    const { url } = await cdn.install(
      tellUrl,
      { DefaultCacheBehavior: describeBehavior({ TrustedKeyGroups }) },
      { keyGroups },
    );
    const policy = JSON.stringify({
      Statement: [
        {
          Resource: `${url}/open/*`,
          Condition: { DateLessThan: { "AWS:EpochTime": Math.floor(Date.now() / 1000) + 60 } },
        },
      ],
    });
    const privateKey = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const cookies = Object.entries(getSignedCookies({ keyPairId: "K1", privateKey, policy }));
    const cookie = [`Cookie: ${cookies.map(([name, value]) => `${name}=${value}`).join("; ")}`];
    expect(await askRaw(url, "/open/a", cookie)).toEqual({ status: 200, text: "/open/a" });
    expect(await askRaw(url, "/open/./b/../a", cookie)).toEqual({ status: 200, text: "/open/a" });
    for (const path of ["/open/../closed/a", "/open/%2e%2e/closed/a", "/closed/../open/../closed/a"]) {
      expect((await askRaw(url, path, cookie)).status).toBe(403);
    }
  });
});

test.each(["/../secret", "/a/../../secret", "/%2e%2e/secret", "/.%2E/secret", String.raw`/..\..\secret`])(
  "%s does not lead out of OriginPath",
  async (path) => {
    const { url } = await cdn.install(tellUrl, {
      Origins: [describeCustomOrigin(cdn.origin.port, { OriginPath: "/public" })],
    });
    expect((await askRaw(url, path)).text).toMatch(/^\/public\//);
  },
);
