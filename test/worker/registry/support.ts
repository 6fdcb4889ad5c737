import { env } from "cloudflare:workers";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import type { AccountRecord } from "../../../src/metadata/registry/protocol.ts";

/** The secrets of the tests' deployment (vitest.config.ts). */
export const secrets = {
  VERGE_ROOT_ACCESS_KEY_ID: requireSecret(env.VERGE_ROOT_ACCESS_KEY_ID),
  VERGE_ROOT_SECRET_ACCESS_KEY: requireSecret(env.VERGE_ROOT_SECRET_ACCESS_KEY),
  VERGE_MASTER_KEY: requireSecret(env.VERGE_MASTER_KEY),
};

function requireSecret(value: string | undefined): string {
  if (!value) throw new Error("vitest.config.ts gives the Worker no secrets");
  return value;
}

/** The bindings under test in a new object, and so with the caches of a new isolate. */
export function testEnv(): typeof env & typeof secrets {
  return { ...env, ...secrets };
}

let created = 0;

export async function createTestAccount(): Promise<AccountRecord> {
  created += 1;
  const key = { accessKeyId: `TESTKEY${created}`, sealedSecret: "v1.none", imported: true };
  const answer = await registryOf(env).createAccount({ name: `test ${created}`, displayName: `Test ${created}` }, key);
  if (answer.outcome !== "ok") throw new Error(answer.outcome);
  return answer.account;
}

/** The same bindings, with the names of the calls that went to the Registry. */
export function countingEnv<Base extends typeof env>(base: Base): Base & { calls(): string[] } {
  const calls: string[] = [];
  const REGISTRY = new Proxy(base.REGISTRY, {
    get(namespace, property) {
      if (property !== "getByName") return Reflect.get(namespace, property, namespace);
      return (name: string) => countCalls(namespace.getByName(name), calls);
    },
  });
  return { ...base, REGISTRY, calls: () => calls };
}

function countCalls<Stub extends object>(stub: Stub, calls: string[]): Stub {
  return new Proxy(stub, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function" || typeof property !== "string") return method;
      return (...input: unknown[]) => {
        calls.push(property);
        return Reflect.apply(method, target, input);
      };
    },
  });
}
