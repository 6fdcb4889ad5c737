import { describe, expect, test } from "vitest";
import { checkAliases, parseAliasGrants } from "../../../src/cdn/control/alias-rules.ts";

const ROOT = { id: "000000000000", root: true };
const OWNER = { id: "111111111111", root: false };
const OTHER = { id: "222222222222", root: false };

/** The code of the refusal; undefined where the account may name the alias. */
function tryAlias(alias: string, account: typeof ROOT, granted?: string): string | undefined {
  const aliasGrants = parseAliasGrants(granted)!;
  try {
    checkAliases([alias], { account, domain: "verge.example", apiHosts: ["api.example.net"], aliasGrants });
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("an alias is", () => {
  test("the root account's to name where nothing is said, and nobody else's", () => {
    expect(tryAlias("www.example.com", ROOT)).toBeUndefined();
    expect(tryAlias("www.example.com", OWNER)).toBe("InvalidViewerCertificate");
  });

  test("of whoever was given its zone", () => {
    const granted = "example.com, shop.example.org=111111111111, example.org=222222222222";
    expect(tryAlias("www.example.com", OWNER, granted)).toBeUndefined();
    expect(tryAlias("*.example.com", OTHER, granted)).toBeUndefined();
    expect(tryAlias("shop.example.org", OWNER, granted)).toBeUndefined();
    expect(tryAlias("a.shop.example.org", OWNER, granted)).toBeUndefined();
    expect(tryAlias("shop.example.org", OTHER, granted)).toBe("InvalidViewerCertificate");
    expect(tryAlias("www.example.org", OTHER, granted)).toBeUndefined();
    expect(tryAlias("www.example.org", OWNER, granted)).toBe("InvalidViewerCertificate");
    // What ends alike is another zone.
    expect(tryAlias("badexample.com", OWNER, granted)).toBe("InvalidViewerCertificate");
    expect(tryAlias("elsewhere.net", ROOT, granted)).toBe("InvalidViewerCertificate");
  });

  test("never the deployment's own", () => {
    for (const alias of ["verge.example", "photos.s3.verge.example", "api.example.net", "*.example.net"]) {
      expect(tryAlias(alias, ROOT, "verge.example, example.net")).toBe("CNAMEAlreadyExists");
    }
  });
});

test("what is no list of hosts is not read", () => {
  expect(parseAliasGrants("example.com=root")).toBeUndefined();
  expect(parseAliasGrants("https://example.com")).toBeUndefined();
  expect(parseAliasGrants(undefined)).toEqual([]);
  expect(parseAliasGrants(" *.Example.com ")).toEqual([{ zone: "example.com", accountId: undefined }]);
});
