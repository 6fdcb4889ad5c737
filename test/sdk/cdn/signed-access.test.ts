import { generateKeyPairSync } from "node:crypto";
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";
import { beforeAll, describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCachePolicy, type InstalledDistribution } from "../../support/distribution.ts";

const cdn = useCdn();

const publicPem = (pair: { publicKey: { export(options: object): string | Buffer } }) =>
  String(pair.publicKey.export({ type: "spki", format: "pem" }));
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ecdsa = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pemOf = (pair: { privateKey: { export(options: object): string | Buffer } }) =>
  String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));

const KEYS = { KRSA: rsa, KECDSA: ecdsa };
const SOON = () => new Date(Date.now() + 60_000).toISOString();
const PAST = () => new Date(Date.now() - 60_000).toISOString();

let distribution: InstalledDistribution;
beforeAll(async () => {
  distribution = await cdn.install(
    (request, response) =>
      void response.writeHead(200, { "cache-control": "max-age=600" }).end(`served ${request.url}`),
    { DefaultCacheBehavior: describeBehavior({ TrustedKeyGroups: { Enabled: true, Items: ["group"] } }) },
    {
      keyGroups: { group: Object.entries(KEYS).map(([publicKeyId, pair]) => ({ publicKeyId, pem: publicPem(pair) })) },
    },
  );
});

const urlOf = (path: string) => distribution.url + path;

describe("a signed URL", () => {
  test.each(["KRSA", "KECDSA"] as const)(
    "with a canned policy by %s opens what it names, until it ends",
    async (keyPairId) => {
      const sign = (path: string, dateLessThan: string) =>
        getSignedUrl({ url: urlOf(path), keyPairId, privateKey: pemOf(KEYS[keyPairId]), dateLessThan });
      const signed = sign("/private/a.txt?size=1", SOON());
      expect(await ask(signed)).toMatchObject({ status: 200, text: "served /private/a.txt?size=1" });
      expect((await ask(signed.replace("a.txt", "b.txt"))).status).toBe(403);
      expect((await ask(signed.replace("size=1", "size=2"))).status).toBe(403);
      expect((await ask(sign("/private/a.txt?size=1", PAST()))).status).toBe(403);
    },
  );

  test("with a custom policy opens what its pattern covers, from where it says", async () => {
    const policy = (resource: string, source = "0.0.0.0/0") =>
      JSON.stringify({
        Statement: [
          {
            Resource: resource,
            Condition: {
              DateLessThan: { "AWS:EpochTime": Math.floor(Date.now() / 1000) + 60 },
              IpAddress: { "AWS:SourceIp": source },
            },
          },
        ],
      });
    const sign = (path: string, text: string) =>
      getSignedUrl({ url: urlOf(path), keyPairId: "KRSA", privateKey: pemOf(rsa), policy: text });
    expect((await ask(sign("/films/one.mp4", policy(urlOf("/films/*"))))).status).toBe(200);
    expect((await ask(sign("/other/one.mp4", policy(urlOf("/films/*"))))).status).toBe(403);
    expect((await ask(sign("/films/one.mp4", policy(urlOf("/films/*"), "192.0.2.0/24")))).status).toBe(403);
  });

  test("by a key that is not in the group opens nothing", async () => {
    const forge = (keyPairId: string) =>
      getSignedUrl({ url: urlOf("/private/a.txt"), keyPairId, privateKey: pemOf(stranger), dateLessThan: SOON() });
    expect((await ask(forge("KRSA"))).status).toBe(403);
    expect((await ask(forge("KNOBODY"))).status).toBe(403);
    expect((await ask(urlOf("/private/a.txt"))).status).toBe(403);
  });

  test.each([
    ["MissingKey", "/a.txt"],
    ["InvalidKey", "/a.txt?Expires=1&Signature=a&Key-Pair-Id=KNOBODY"],
    ["AccessDenied", "/a.txt?Expires=1&Signature=a&Key-Pair-Id=KRSA"],
  ])("that is none is answered %s, in XML", async (code, path) => {
    const answer = await ask(urlOf(path));
    expect(answer).toMatchObject({ status: 403, from: "Error" });
    expect(answer.headers.get("content-type")).toBe("text/xml");
    expect(answer.text).toContain(`<Error><Code>${code}</Code><Message>`);
  });

  test("is not in the cache key, and does not reach the origin", async () => {
    const sign = (privateKey: string, keyPairId: string) =>
      getSignedUrl({ url: urlOf("/once.txt"), keyPairId, privateKey, dateLessThan: SOON() });
    expect((await ask(sign(pemOf(rsa), "KRSA"))).from).toBe("Miss");
    expect((await ask(sign(pemOf(ecdsa), "KECDSA"))).from).toBe("Hit");
    expect(cdn.origin.asked.map(({ url }) => url)).toEqual(["/once.txt"]);
  });

  test("that ended opens nothing, although the answer is stored", async () => {
    const sign = (dateLessThan: string) =>
      getSignedUrl({ url: urlOf("/stored.txt"), keyPairId: "KRSA", privateKey: pemOf(rsa), dateLessThan });
    await ask(sign(SOON()));
    expect((await ask(sign(SOON()))).from).toBe("Hit");
    expect((await ask(sign(PAST()))).status).toBe(403);
  });
});

describe("signed cookies", () => {
  const sign = (resource: string) => {
    const before = { "AWS:EpochTime": Math.floor(Date.now() / 1000) + 60 };
    const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: { DateLessThan: before } }] });
    const cookies = getSignedCookies({ keyPairId: "KRSA", privateKey: pemOf(rsa), policy });
    return Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  };

  test("open what their policy covers", async () => {
    const headers = { cookie: sign(urlOf("/members/*")).join("; ") };
    expect((await ask(urlOf("/members/page"), { headers })).status).toBe(200);
    expect((await ask(urlOf("/strangers/page"), { headers })).status).toBe(403);
  });

  test("are neither in the cache key nor told to the origin, whatever cookies are", async () => {
    const { url } = await cdn.install(
      ({ headers }, response) =>
        void response.writeHead(200, { "cache-control": "max-age=600" }).end(String(headers.cookie)),
      {
        DefaultCacheBehavior: describeBehavior({
          TrustedKeyGroups: { Enabled: true, Items: ["group"] },
          CachePolicyId: "cookies",
        }),
      },
      {
        cachePolicies: { cookies: describeCachePolicy({}, { CookiesConfig: { CookieBehavior: "all" } }) },
        keyGroups: { group: [{ publicKeyId: "KRSA", pem: publicPem(rsa) }] },
      },
    );
    const signed = sign(`${url}/*`);
    const first = await ask(`${url}/page`, { headers: { cookie: ["a=1", ...signed, "b=2"].join("; ") } });
    expect(first).toMatchObject({ status: 200, from: "Miss", text: "a=1; b=2" });
    const second = await ask(`${url}/page`, { headers: { cookie: [...signed.toReversed(), "a=1", "b=2"].join("; ") } });
    expect(second).toMatchObject({ from: "Hit", text: "a=1; b=2" });
    expect((await ask(`${url}/page`, { headers: { cookie: signed.join("; ") } })).text).toBe("undefined");
  });
});
