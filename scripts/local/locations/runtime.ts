import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { V4WorkerOptions } from "miniflare";
import { offlineEnvironment, projectDir } from "../bundle.ts";
import { type Credentials, credentialBindings } from "../credentials.ts";
import { ASSETS_NAME, PUBLIC_NETWORK, readModules, readWorkerOptions, stubWorker, WORKER_NAME } from "../runtime.ts";
import { PLACES, type Place } from "./places.ts";

export interface Locations extends AsyncDisposable {
  /** Where each of them listens, in the order of PLACES. */
  readonly endpoints: readonly string[];
  readonly miniflare: Miniflare;
}

interface Options {
  /** From `bundleWorker`. */
  readonly mainModule: string;
  readonly stateDir: string;
  readonly credentials: Credentials;
}

/**
 * The same Worker three times, as in three data centres: each in an isolate of its own with a cache of its own, over
 * one owner of R2, Durable Objects and queues. All of it is one workerd, so that nobody else has the state open.
 */
export async function startLocations(options: Options): Promise<Locations> {
  Object.assign(process.env, offlineEnvironment);
  const { assets, ...bound } = readWorkerOptions();
  const shared = { rootPath: projectDir, compatibilityDate: bound.compatibilityDate ?? "" };
  const bindings = { ...bound.bindings, ...credentialBindings(options.credentials) };
  const serviceBindings = { ...bound.serviceBindings, ASSETS: ASSETS_NAME, PUBLIC_NETWORK };
  const modules = readModules(options.mainModule);
  const modulesRoot = join(options.mainModule, "..");
  const common = { ...bound, ...shared, modulesRoot, bindings, serviceBindings };
  const { queueConsumers: _consumers, durableObjects = {}, ...edge } = common;
  const edges = PLACES.map((place): V4WorkerOptions => {
    const entry = { type: "ESModule" as const, path: join(modulesRoot, "edge.js"), contents: describeEntry(place) };
    return {
      ...edge,
      name: nameOf(place),
      modules: [entry, ...modules],
      durableObjects: Object.fromEntries(
        Object.entries(durableObjects).map(([name, object]) => [
          name,
          { className: typeof object === "string" ? object : object.className, scriptName: WORKER_NAME },
        ]),
      ),
      outboundService: async (request) => {
        await new Promise((resolve) => setTimeout(resolve, place.distance));
        return fetch(request.url, {
          method: request.method,
          headers: request.headers,
          redirect: "manual",
        });
      },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    };
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.WARN),
      logRequests: false,
      resourcePersistencePath: join(options.stateDir, "v3"),
      workers: [
        { ...common, name: WORKER_NAME, modules },
        {
          ...stubWorker(ASSETS_NAME),
          ...shared,
          ...(assets && { assets: { ...assets, run_worker_first: false, routerConfig: { has_user_worker: false } } }),
        },
        ...edges,
      ],
    }),
  );
  await miniflare.ready;
  const urls = await Promise.all(PLACES.map((place) => miniflare.unsafeGetDirectURL(nameOf(place))));
  return {
    endpoints: urls.map(({ origin }) => origin),
    miniflare,
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}

function nameOf({ name }: Place): string {
  return `verge-${name.toLowerCase()}`;
}

/**
 * What makes the Worker one of a place. Miniflare has one `caches.default` for all Workers: the cache of that name
 * stands in for it here.
 */
function describeEntry({ name, colo, country }: Place): string {
  return `
import verge from "./worker.js";
export * from "./worker.js";
const storage = globalThis.caches;
const call = (method) => async (...input) => (await storage.open(${JSON.stringify(name)}))[method](...input);
const own = { match: call("match"), put: call("put"), delete: call("delete") };
Object.defineProperty(globalThis, "caches", { value: { default: own } });
const cf = ${JSON.stringify({ colo, country })};
export default {
  fetch: (request, env, context) => verge.fetch(new Request(request, { cf }), env, context),
};
`;
}
