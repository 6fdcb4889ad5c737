import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { resolveAddress } from "../../../src/gateway/address.ts";
import { mintUrlId, readUrlId } from "../../../src/lambda/urls/url-id.ts";

const tag = async (text: string) => createHash("sha256").update(`key ${text}`).digest();

describe("ids of function URLs", () => {
  it.each(["100000000000", "171635557394", "999999999999"])(
    "say that the function is of account %s",
    async (account) => {
      const urlId = await mintUrlId(account, tag);
      expect(urlId).toMatch(/^[a-z0-9]{32}$/);
      expect(await readUrlId(urlId, tag)).toBe(account);
      expect(await mintUrlId(account, tag)).not.toBe(urlId);
    },
  );

  it("that were changed or made up are known without a look-up", async () => {
    const urlId = await mintUrlId("171635557394", tag);
    const changed = urlId.replace(/^./, (first) => (first === "a" ? "b" : "a"));
    for (const forged of [changed, "a".repeat(32), urlId.slice(1), `${urlId}a`, urlId.toUpperCase(), ""]) {
      expect(await readUrlId(forged, tag)).toBeUndefined();
    }
  });

  it("stand in the host and in the path, and leave the rest to the function", async () => {
    const urlId = await mintUrlId("171635557394", tag);
    const at = (host: string, path: string) => resolveAddress(host, path, "verge.example");
    expect(at(`${urlId}.lambda-url.verge.example`, "/a%2Fb/../c")).toEqual({
      service: "function-url",
      urlId,
      rawPath: "/a%2Fb/../c",
    });
    expect(at("127.0.0.1", `/_fn/${urlId}`)).toEqual({ service: "function-url", urlId, rawPath: "/" });
    expect(at("127.0.0.1", `/_fn/${urlId}/2015-03-31/functions`)).toMatchObject({ rawPath: "/2015-03-31/functions" });
  });
});
