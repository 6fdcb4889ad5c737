import { createExecutionContext, reset, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { distributions } from "../../../src/cdn/edge/distributions.ts";
import { matchEntry } from "../../../src/cdn/store/location-cache.ts";
import { responseStore } from "../../../src/cdn/store/response-store.ts";
import { meterEnv, type PlatformOperation } from "../../../src/gateway/metering.ts";
import type { Origin } from "../../../src/metadata/cdn/distribution-config.ts";
import { distributionOf } from "../../../src/metadata/cdn/client.ts";
import { directoryOf } from "../../../src/metadata/registry/directory.ts";
import worker from "../../../src/worker.ts";
import { describeBehavior, describeCustomOrigin, describeSnapshot } from "../../support/distribution.ts";

/** What a request to a distribution costs in calls of the platform (docs/cost.md). */
const ID = "E0BUDGET000001";
const ORIGIN = "http://localhost";
const BODY = "y".repeat(100_000);

let counted: PlatformOperation[] = [];
const metered = meterEnv(env, (operation) => counted.push(operation));

async function send(request: Request): Promise<Response> {
  const context = createExecutionContext();
  const response = await worker.fetch(request, metered, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  expect(response.status, text).toBeLessThan(300);
  return new Response(text, response);
}

async function put(path: string, body?: string): Promise<void> {
  const signature = signRequest({
    method: "PUT",
    url: ORIGIN + path,
    region: "us-east-1",
    service: "s3",
    accessKeyId: env.VERGE_ROOT_ACCESS_KEY_ID!,
    secretAccessKey: env.VERGE_ROOT_SECRET_ACCESS_KEY!,
    now: Date.now(),
    payloadSha256: "UNSIGNED-PAYLOAD",
    headers: {},
  });
  const length: Record<string, string> = body === undefined ? {} : { "content-length": String(body.length) };
  const headers = { host: "localhost", ...signature, ...length };
  await send(new Request(ORIGIN + path, { method: "PUT", headers, ...(body !== undefined && { body }) }));
}

/** How the answer came about, and what it cost. */
async function get(path: string, id = ID): Promise<{ from: string | null; operations: PlatformOperation[] }> {
  counted = [];
  const headers = { host: "localhost" };
  const response = await send(new Request(`${ORIGIN}/_cdn/${id}${path}`, { headers }));
  return { from: response.headers.get("x-cache"), operations: counted };
}

/** What it leaves behind tells of all answers of the next seconds, once for all of them: it is not waited for. */
async function warm(path: string, id = ID): Promise<void> {
  const request = new Request(`${ORIGIN}/_cdn/${id}${path}`, { headers: { host: "localhost" } });
  const response = await worker.fetch(request, metered, createExecutionContext());
  await response.text();
}

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

/** Until the location knows the snapshot that a request has asked for. */
async function waitForSnapshot(id: string): Promise<void> {
  await vi.waitFor(async () => {
    const stamp = await matchEntry("stamp", id);
    expect(await stamp?.text()).toContain("revision");
  });
}

/** A distribution that keeps what a bucket has, with so many behaviours of which the last one is for `/pages/*`. */
async function installBefore(bucket: string, id: string, behaviors = 0): Promise<void> {
  const { CustomOriginConfig: _custom, ...custom } = describeCustomOrigin(80);
  const origin: Origin = {
    ...custom,
    DomainName: `${bucket}.s3.amazonaws.com`,
    S3OriginConfig: { OriginAccessIdentity: "", OriginReadTimeout: 30 },
    OriginAccessControlId: "own",
  };
  const control = {
    Name: "own",
    Description: "",
    SigningProtocol: "sigv4",
    SigningBehavior: "always",
    OriginAccessControlOriginType: "s3",
  } as const;
  const CacheBehaviors = Array.from({ length: behaviors }, (_, n) => ({
    ...describeBehavior(),
    PathPattern: n === behaviors - 1 ? "/pages/*" : `/section-${n}/*.html`,
  }));
  const snapshot = describeSnapshot(id, { Origins: [origin], CacheBehaviors });
  const policy = Object.values(snapshot.cachePolicies)[0]!;
  await distributionOf(env, id).install(1, {
    ...snapshot,
    accountId: (await directoryOf(env).findRootAccount()).id,
    originAccessControls: { own: control },
    cachePolicies: Object.fromEntries(
      Object.keys(snapshot.cachePolicies).map((policyId) => [policyId, { ...policy, DefaultTTL: 600 }]),
    ),
  });
}

it("a hit costs nothing but the request; a miss of an object one index call and one R2 read", async () => {
  await put("/cdn-budget");
  await put("/cdn-budget/large", BODY);
  await put("/cdn-budget/other", BODY);
  await installBefore("cdn-budget", ID);
  // The snapshot comes with the first request: at most once in five seconds and location.
  await warm("/other");
  expect(await get("/large")).toEqual({ from: "Miss from verge", operations: ["durable-object", "r2-class-b"] });
  expect(await get("/large")).toEqual({ from: "Hit from verge", operations: [] });
});

it.each([
  { id: "E0BUDGET000003", behaviors: 1, invalidations: 0 },
  { id: "E0BUDGET000004", behaviors: 75, invalidations: 3_000 },
])(
  "hits cost the same reads of the location with $behaviors behaviours and $invalidations invalidations",
  async ({ id, behaviors, invalidations }) => {
    const bodies = { "/pages/inline": 1_024, "/pages/held": 100_000, "/pages/streamed": 600_000 };
    const bucket = id.toLowerCase();
    await put(`/${bucket}`);
    for (const [path, length] of Object.entries(bodies)) await put(`/${bucket}${path}`, "y".repeat(length));
    await installBefore(bucket, id, behaviors);
    await warm("/pages/held", id);
    for (const path of Object.keys(bodies)) {
      await vi.waitFor(async () => expect((await get(path, id)).from).toBe("Hit from verge"));
    }
    // After all was stored, so that each entry has to be held against them.
    await runInDurableObject(env.DISTRIBUTION.getByName(id), (object) => {
      for (let n = 0; n < invalidations; n++) {
        const paths = [n % 2 === 0 ? `/pages/gone-${n}` : `/pages/gone-${n}/*`];
        object.createInvalidation({ callerReference: String(n), paths });
      }
    });
    await distributions.forget(id);
    await warm("/pages/held", id);
    await waitForSnapshot(id);
    // Nothing grows old from here on.
    vi.useFakeTimers({ toFake: ["Date"] });
    const { invalidations: matcher } = (await distributions.find(env, id, () => {}))!;
    expect(matcher.latest).toBe(invalidations);
    const reads = vi.spyOn(caches.default, "match");
    const writes = [vi.spyOn(caches.default, "put"), vi.spyOn(caches.default, "delete")];
    const cost = async (path: string) => {
      reads.mockClear();
      return { ...(await get(path, id)), reads: reads.mock.calls.length };
    };
    const free = { from: "Hit from verge", operations: [] };
    // A body goes into memory with the second of its hits.
    for (const [path, cold, again, hot] of [
      ["/pages/inline", 1, 1, 0],
      ["/pages/held", 2, 1, 0],
      ["/pages/streamed", 2, 1, 1],
    ] as const) {
      // As in an isolate that has just started.
      responseStore.forget(`${id}\nGET\n${path}\n?`);
      expect(await cost(path), `${path}, cold`).toEqual({ ...free, reads: cold });
      expect(await cost(path), `${path}, again`).toEqual({ ...free, reads: again });
      expect(await cost(path), `${path}, hot`).toEqual({ ...free, reads: hot });
    }
    for (const write of writes) expect(write).not.toHaveBeenCalled();
  },
);

it("refusals cost no object, no storage and no look at the cache", async () => {
  const REFUSING = "E0BUDGET000002";
  const distribution = distributionOf(env, REFUSING);
  await distribution.install(1, {
    ...describeSnapshot(REFUSING, {}),
    config: {
      ...describeSnapshot(REFUSING, {}).config,
      Restrictions: { GeoRestriction: { RestrictionType: "blacklist", Items: ["XX"] } },
    },
  });
  await distribution.setProtection({
    rules: [{ action: "block", paths: ["/blocked"] }],
    hotlink: { paths: ["/hot"], hosts: [], allowEmpty: false },
    rateLimits: [{ requests: 10, by: ["path"], paths: ["/limited"] }],
    maxUrlBytes: 200,
  });
  const refuse = async (path: string, init: RequestInit = {}) => {
    const request = new Request(`${ORIGIN}/_cdn/${REFUSING}${path}`, { ...init, headers: { host: "localhost" } });
    const response = await worker.fetch(request, metered, createExecutionContext());
    await response.text();
    return response.status;
  };
  // The configuration, and what tells the metrics, come once in some seconds.
  await refuse("/blocked");
  await waitForSnapshot(REFUSING);
  const looks = [vi.spyOn(caches.default, "match"), vi.spyOn(caches.default, "put")];
  counted = [];
  const statuses = new Set<number>();
  for (let round = 0; round < 50; round++) {
    statuses.add(await refuse("/blocked"));
    statuses.add(await refuse("/hot"));
    statuses.add(await refuse(`/${"x".repeat(300)}`));
    statuses.add(await refuse("/page", { cf: { country: "XX" } as CfProperties }));
    statuses.add(await refuse("/page", { method: "PROPFIND" }));
  }
  expect(statuses).toEqual(new Set([403, 414]));
  expect(counted).toEqual([]);
  for (const look of looks) expect(look).not.toHaveBeenCalled();
  // Within the limit the origin is asked, which fails here: nothing but refusals is counted below.
  while ((await refuse("/limited")) !== 429);
  counted = [];
  for (const look of looks) look.mockClear();
  for (let round = 0; round < 50; round++) expect(await refuse("/limited")).toBe(429);
  expect(counted).toEqual([]);
  for (const look of looks) expect(look).not.toHaveBeenCalled();
});
