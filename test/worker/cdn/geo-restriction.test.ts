import { createExecutionContext, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { distributionOf } from "../../../src/metadata/cdn/client.ts";
import worker from "../../../src/worker.ts";
import { describeCustomOrigin, describeSnapshot } from "../../support/distribution.ts";

const ID = "E0RESTRICTED01";

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function ask(country: string | undefined, path = "/page"): Promise<{ status: number; text: string }> {
  const cf = (country === undefined ? {} : { country }) as CfProperties;
  const request = new Request(`http://localhost/_cdn/${ID}${path}`, { cf, headers: { host: "localhost" } });
  const response = await worker.fetch(request, env, createExecutionContext());
  return { status: response.status, text: await response.text() };
}

it("refuses countries by name, with the distribution's own page where it has one", async () => {
  const origin = vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { pathname } = new URL(new Request(input).url);
    return new Response(pathname === "/sorry.html" ? "sorry" : "hello");
  });
  const { config, ...snapshot } = describeSnapshot(ID, { Origins: [describeCustomOrigin(80)] });
  const Restrictions = { GeoRestriction: { RestrictionType: "whitelist", Items: ["SE", "NO"] } } as const;
  const install = (revision: number, pages: typeof config.CustomErrorResponses) =>
    distributionOf(env, ID).install(revision, {
      ...snapshot,
      config: { ...config, Restrictions, CustomErrorResponses: pages },
    });
  await install(1, [{ ErrorCode: 403, ResponseCode: "451", ResponsePagePath: "/sorry.html", ErrorCachingMinTTL: 10 }]);
  await distributionOf(env, ID).setProtection({ rules: [{ action: "block", paths: ["/blocked"] }] });

  expect(await ask("SE")).toEqual({ status: 200, text: "hello" });
  // Where nobody knows where a viewer is, CloudFront answers.
  expect((await ask(undefined)).status).toBe(200);
  expect(await ask("XX")).toEqual({ status: 451, text: "sorry" });
  origin.mockClear();
  expect(await ask("SE", "/blocked")).toMatchObject({ status: 403, text: expect.stringContaining("Request blocked") });
  expect(origin).not.toHaveBeenCalled();
});
