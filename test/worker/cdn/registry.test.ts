import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { cdnRegistryOf, findDistributionByAlias, readDistribution } from "../../../src/metadata/cdn/client.ts";
import type { DistributionConfig } from "../../../src/metadata/cdn/distribution-config.ts";
import { listDistributionReferences } from "../../../src/metadata/cdn/references.ts";
import type { StoredDistribution, StoredResource } from "../../../src/metadata/cdn/registry-protocol.ts";
import { distributionConfig } from "../../support/cdn.ts";

const ACCOUNT = "123456789012";
const ID = "E1ABCDEF234567";
afterEach(() => reset());

const registry = () => cdnRegistryOf(env);

const tryCreate = (changes: Partial<DistributionConfig> = {}, id = ID, accountId = ACCOUNT) => {
  const config = distributionConfig({ CallerReference: id, ...changes });
  return registry().createDistribution({
    id,
    accountId,
    tags: {},
    config,
    references: listDistributionReferences(config),
  });
};

const create = async (changes: Partial<DistributionConfig> = {}, id = ID): Promise<StoredDistribution> => {
  const outcome = await tryCreate(changes, id);
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  return outcome.distribution;
};

const change = async ({ etag, config }: StoredDistribution, changes: Partial<DistributionConfig>) => {
  const next = { ...config, ...changes };
  const outcome = await registry().changeDistribution(ACCOUNT, ID, etag, next, listDistributionReferences(next));
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  return outcome.distribution;
};

const withPolicy = (CachePolicyId: string): Partial<DistributionConfig> => {
  const { ForwardedValues: _, ...behavior } = distributionConfig().DefaultCacheBehavior;
  return { DefaultCacheBehavior: { ...behavior, CachePolicyId } };
};

const createPolicy = async (id: string, MinTTL: number): Promise<StoredResource> => {
  const outcome = await registry().createResource({
    kind: "cache-policy",
    id,
    accountId: ACCOUNT,
    name: id,
    record: JSON.stringify({ Name: id, MinTTL }),
    references: [],
  });
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  return outcome.resource;
};

const stub = () => env.CDN_REGISTRY.getByName("cdn");

/** Lets every call to a Distribution object fail, as if the connection or this object died, until `restore`. */
async function cutOff(): Promise<void> {
  await runInDurableObject(stub(), (instance) => {
    const failing = {
      getByName: () => ({ install: () => Promise.reject(new Error("connection lost")) }),
    };
    Object.defineProperty(instance, "env", { value: { ...env, DISTRIBUTION: failing }, configurable: true });
  });
}

async function restore(): Promise<void> {
  await runInDurableObject(stub(), (instance) => {
    Object.defineProperty(instance, "env", { value: env, configurable: true });
  });
}

describe("what the data plane reads", () => {
  it("is there when a change is answered", async () => {
    const created = await create({ Comment: "one" });
    expect((await readDistribution(env, ID))?.config.Comment).toBe("one");
    await change(created, { Comment: "two" });
    expect(await readDistribution(env, ID)).toMatchObject({
      id: ID,
      accountId: ACCOUNT,
      domainName: "e1abcdef234567.cdn.localhost",
      config: { Comment: "two" },
    });
  });

  it("comes by the alarm when it could not be pushed, and the distribution says so until then", async () => {
    const created = await create({ Comment: "one" });
    expect((await registry().findDistribution(ACCOUNT, ID))?.pushedAt).toBeDefined();
    await cutOff();
    await change(created, { Comment: "two" });
    expect((await readDistribution(env, ID))?.config.Comment).toBe("one");
    expect((await registry().findDistribution(ACCOUNT, ID))?.pushedAt).toBeUndefined();
    // Still cut off: it is tried again, and again.
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    await restore();
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect((await readDistribution(env, ID))?.config.Comment).toBe("two");
    expect((await registry().findDistribution(ACCOUNT, ID))?.pushedAt).toBeDefined();
    expect(await runDurableObjectAlarm(stub())).toBe(false);
  });

  it("ends with the distribution, even one whose deletion could not be pushed", async () => {
    const { etag } = await create({ Enabled: false });
    await cutOff();
    expect(await registry().deleteDistribution(ACCOUNT, ID, etag)).toMatchObject({ outcome: "ok" });
    expect(await registry().findDistribution(ACCOUNT, ID)).toBeUndefined();
    await restore();
    await runDurableObjectAlarm(stub());
    expect(await readDistribution(env, ID)).toBeUndefined();
  });

  it("has what the configuration refers to, and follows its changes", async () => {
    const policy = await createPolicy("policy", 1);
    await create(withPolicy("policy"));
    expect((await readDistribution(env, ID))?.cachePolicies).toEqual({ policy: { Name: "policy", MinTTL: 1 } });
    const record = JSON.stringify({ Name: "policy", MinTTL: 9 });
    await registry().changeResource("cache-policy", ACCOUNT, "policy", policy.etag, {
      name: "policy",
      record,
      references: [],
    });
    expect((await readDistribution(env, ID))?.cachePolicies["policy"]?.MinTTL).toBe(9);
  });

  it("has AWS's managed policies", async () => {
    const managed = "658327ea-f89d-4fab-a63d-7e88639e58f6";
    await create(withPolicy(managed));
    const { cachePolicies } = (await readDistribution(env, ID))!;
    expect(cachePolicies[managed]).toMatchObject({ Name: "Managed-CachingOptimized", DefaultTTL: 86_400 });
    const { items } = await registry().listDistributions(ACCOUNT, undefined, 10, { kind: "cache-policy", id: managed });
    expect(items.map(({ id }) => id)).toEqual([ID]);
  });
});

describe("references", () => {
  it("must be the account's own", async () => {
    await createPolicy("policy", 1);
    expect(await tryCreate(withPolicy("policy"), ID, "999999999999")).toEqual({
      outcome: "missing-reference",
      reference: { kind: "cache-policy", id: "policy" },
    });
  });

  it("keep what they refer to", async () => {
    const { etag } = await createPolicy("policy", 1);
    const created = await create(withPolicy("policy"));
    expect(await registry().deleteResource("cache-policy", ACCOUNT, "policy", etag)).toEqual({ outcome: "in-use" });
    await change(created, { DefaultCacheBehavior: distributionConfig().DefaultCacheBehavior });
    expect(await registry().deleteResource("cache-policy", ACCOUNT, "policy", etag)).toMatchObject({ outcome: "ok" });
  });
});

describe("aliases", () => {
  it("find their distribution, exact ones before wildcards, longer wildcards before shorter", async () => {
    await create({ Aliases: ["*.example.com"] });
    await create({ Aliases: ["www.example.com"] }, "E2ABCDEF234567");
    await create({ Aliases: ["*.eu.example.com"] }, "E3ABCDEF234567");
    expect(await findDistributionByAlias(env, "WWW.example.com")).toBe("E2ABCDEF234567");
    expect(await findDistributionByAlias(env, "a.example.com")).toBe(ID);
    expect(await findDistributionByAlias(env, "a.b.example.com")).toBe(ID);
    expect(await findDistributionByAlias(env, "a.eu.example.com")).toBe("E3ABCDEF234567");
    expect(await findDistributionByAlias(env, "example.com")).toBeUndefined();
    expect(await findDistributionByAlias(env, "other.org")).toBeUndefined();
  });

  it("of another distribution are refused, and nothing else changes", async () => {
    await create({ Aliases: ["a.example.com"] });
    const other = await tryCreate({ Aliases: ["b.example.com", "a.example.com"] }, "E2ABCDEF234567");
    expect(other).toEqual({ outcome: "alias-taken", alias: "a.example.com" });
    expect(await findDistributionByAlias(env, "b.example.com")).toBeUndefined();
    expect(await readDistribution(env, "E2ABCDEF234567")).toBeUndefined();
  });

  it("of another account do not move", async () => {
    await create({ Aliases: ["a.example.com"] });
    await tryCreate({}, "E2ABCDEF234567", "999999999999");
    expect(await registry().moveAlias("999999999999", "E2ABCDEF234567", "a.example.com")).toEqual({
      outcome: "alias-taken",
      alias: "a.example.com",
    });
  });
});

it("two versions of a distribution: the second change must know the first", async () => {
  const created = await create();
  await change(created, { Comment: "first" });
  await expect(change(created, { Comment: "second" })).rejects.toThrow("precondition-failed");
  expect((await readDistribution(env, ID))?.config.Comment).toBe("first");
});

it("what belongs to another account is not found", async () => {
  const { etag } = await create({ Enabled: false });
  expect(await registry().findDistribution("999999999999", ID)).toBeUndefined();
  expect(await registry().deleteDistribution("999999999999", ID, etag)).toEqual({ outcome: "not-found" });
});
