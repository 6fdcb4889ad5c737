import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { functionRegistryOf } from "../../../src/metadata/function/client.ts";
import { FunctionDirectory } from "../../../src/metadata/function/directory.ts";
import type { FunctionRegistryApi } from "../../../src/metadata/function/protocol.ts";
import { FunctionCodeStore } from "../../../src/storage/function-code.ts";
import { FUNCTION_SETTINGS as settings } from "./function-fixture.ts";

const ACCOUNT = "123456789012";
afterEach(() => reset());

const registryOf = (account = ACCOUNT): FunctionRegistryApi => functionRegistryOf(env, account);

/** Stores a package and reserves it, as the Worker does before it creates or changes a function. */
async function storeCode(sha256: string) {
  const codeId = `${ACCOUNT}/${crypto.randomUUID()}`;
  await registryOf().reserveCode(codeId);
  await new FunctionCodeStore(env.BLOBS).putZip(codeId, new Uint8Array([1, 2, 3]));
  return { codeId, sha256, size: 3, unzippedSize: 3 };
}

async function create(name: string, sha256 = "one") {
  const code = await storeCode(sha256);
  const created = await registryOf().createFunction({
    name,
    architecture: "x86_64",
    settings,
    code,
    tags: {},
    publish: false,
  });
  expect(created.outcome).toBe("ok");
  return code;
}

const listStored = async () => (await env.BLOBS.list({ prefix: "f/" })).objects.map(({ key }) => key);

/** Lets so many milliseconds pass for the packages that are due, then rings. */
async function collect(milliseconds: number): Promise<void> {
  const stub = env.FUNCTION_REGISTRY.getByName(ACCOUNT);
  await runInDurableObject(stub, (_, state) => {
    state.storage.sql.exec("UPDATE codes SET due = due - ? WHERE due IS NOT NULL", milliseconds);
  });
  await runDurableObjectAlarm(stub);
}

const DAY = 24 * 3_600_000;

describe("packages in R2", () => {
  it("are deleted a day after an upload that came to nothing", async () => {
    await storeCode("lost");
    await collect(DAY - 60_000);
    expect(await listStored()).toHaveLength(1);
    await collect(120_000);
    expect(await listStored()).toEqual([]);
  });

  it("stay as long as a version refers to them, and for the recovery window", async () => {
    const first = await create("f");
    await registryOf().publishVersion("f", {});
    const second = await storeCode("two");
    expect((await registryOf().changeCode("f", { code: second, publish: false })).outcome).toBe("ok");
    await collect(100 * DAY);
    expect(await listStored()).toHaveLength(2);
    await registryOf().deleteVersion("f", "1");
    await collect(29 * DAY);
    expect(await listStored()).toHaveLength(2);
    await collect(2 * DAY);
    expect(await listStored()).toEqual([`f/${second.codeId}/zip`]);
    expect(first.codeId).not.toBe(second.codeId);
    await registryOf().deleteFunction("f");
    await collect(31 * DAY);
    expect(await listStored()).toEqual([]);
  });

  it("of layers stay as long as the layer or a function's version refers to them", async () => {
    const [one, two] = [await storeCode("layer 1"), await storeCode("layer 2")];
    for (const code of [one, two]) await registryOf().publishLayerVersion({ name: "l", code, description: "" });
    const choose = (code: typeof one, version: number) => [
      { layer: { arn: `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:l:${version}`, code }, isCopied: false },
    ];
    await create("f");
    const changed = await registryOf().changeSettings("f", { settings: {}, layers: choose(one, 1) });
    expect(changed).toMatchObject({ outcome: "ok", version: { settings: { layers: [{ code: one }] } } });
    await registryOf().publishVersion("f", {});
    await registryOf().changeSettings("f", { settings: {}, layers: choose(two, 2) });
    await registryOf().deleteLayerVersion("l", 1);
    await registryOf().deleteLayerVersion("l", 2);
    await collect(100 * DAY);
    expect(await listStored()).toHaveLength(3);

    await registryOf().changeSettings("f", { settings: {}, layers: [] });
    await collect(31 * DAY);
    expect(await listStored()).not.toContain(`f/${two.codeId}/zip`);
    // A package that nothing holds any more never gets a user again.
    const late = await registryOf().changeSettings("f", { settings: {}, layers: choose(two, 2) });
    expect(late).toEqual({ outcome: "layer-gone" });
    expect(await listStored()).toContain(`f/${one.codeId}/zip`);
    await registryOf().deleteFunction("f");
    await collect(31 * DAY);
    expect(await listStored()).toEqual([]);
  });

  it("cannot be used once they were given up", async () => {
    const code = await storeCode("late");
    await collect(2 * DAY);
    const created = await registryOf().createFunction({
      name: "late",
      architecture: "arm64",
      settings,
      code,
      tags: {},
      publish: false,
    });
    expect(created).toEqual({ outcome: "code-expired" });
    expect(await registryOf().findFunction("late", "$LATEST")).toBeUndefined();
  });
});

describe("an account's registry", () => {
  it("decides by the revision that a change was made for", async () => {
    await create("f");
    const found = await registryOf().findFunction("f", "$LATEST");
    const revisionId = found!.version.revisionId;
    const changes = await Promise.all(
      [1, 2, 3].map((timeoutSeconds) => registryOf().changeSettings("f", { settings: { timeoutSeconds }, revisionId })),
    );
    expect(changes.map(({ outcome }) => outcome).sort()).toEqual(["ok", "stale-revision", "stale-revision"]);
  });

  it("forgets all of a function with it", async () => {
    await create("f");
    await registryOf().createAlias({ functionName: "f", name: "live", version: "$LATEST", description: "" });
    await registryOf().createUrl({ functionName: "f", urlId: "u", authType: "NONE", invokeMode: "BUFFERED" });
    await registryOf().addStatement("f", "", {
      Sid: "s",
      Effect: "Allow",
      Principal: "*",
      Action: "lambda:InvokeFunction",
      Resource: "*",
    });
    await registryOf().putTags("f", { a: "b" });
    expect(await registryOf().deleteFunction("f")).toEqual({ outcome: "ok", urlIds: ["u"] });
    await create("f");
    expect(await registryOf().findPolicy("f", "")).toBeUndefined();
    expect(await registryOf().findAlias("f", "live")).toBeUndefined();
    expect(await registryOf().findUrlById("u")).toBeUndefined();
    expect((await registryOf().findFunction("f", "$LATEST"))!.function.tags).toEqual({});
  });

  it("has its own functions", async () => {
    await create("f");
    expect(await registryOf("999999999999").findFunction("f", "$LATEST")).toBeUndefined();
  });
});

describe("the directory of an isolate", () => {
  it("asks once for many invocations, and again after a change of its own", async () => {
    await create("f");
    let calls = 0;
    const counting = {
      FUNCTION_REGISTRY: new Proxy(env.FUNCTION_REGISTRY, {
        get(namespace, property) {
          if (property !== "getByName") return Reflect.get(namespace, property, namespace);
          return (name: string) => {
            calls++;
            return namespace.getByName(name);
          };
        },
      }),
    };
    const directory = new FunctionDirectory(counting);
    for (let round = 0; round < 10; round++) await directory.findFunction(ACCOUNT, "f", "$LATEST");
    expect(calls).toBe(1);
    await registryOf().changeSettings("f", { settings: { timeoutSeconds: 9 } });
    directory.forgetAll();
    const found = await directory.findFunction(ACCOUNT, "f", "$LATEST");
    expect(found!.version.settings.timeoutSeconds).toBe(9);
  });
});
