import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const overHttp = { globalSetup: "test/support/global-setup.ts", testTimeout: 30_000, hookTimeout: 60_000 };

/** Two at least: a file that waits for an alarm or for a server to start leaves the processor to another. */
const SIDE_BY_SIDE = { maxWorkers: Math.max(availableParallelism() - 1, 2) };
/** Programs, floods and kills have the machine for themselves: in a group of their own, with Vitest's own number. */
const APART = { sequence: { groupOrder: 1 } };

/** Tests run in workerd, beside the Worker of wrangler.toml. */
function inWorkerd(bindings: Readonly<Record<string, string>> = {}) {
  return cloudflareTest({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: {
      cf: false,
      bindings: {
        VERGE_ROOT_ACCESS_KEY_ID: "VERGEROOTFORTESTS234",
        VERGE_ROOT_SECRET_ACCESS_KEY: "secret-of-root-in-tests-only-0123456789x",
        VERGE_MASTER_KEY: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ...bindings,
      },
    },
  });
}

// `npm test` runs three steps, from fast to slow: pure code in Node, code in workerd, the whole product
// over HTTP with the official SDK. `npm run test:clients` and `test:long` run the other projects.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/routes/**/*.test.ts", "test/*.test.ts"],
          ...SIDE_BY_SIDE,
        },
      },
      {
        plugins: [inWorkerd()],
        // Files share a workerd (each start costs two seconds): a test that stores calls `reset()` after itself.
        test: { name: "worker", include: ["test/worker/**/*.test.ts"], isolate: false, ...SIDE_BY_SIDE },
      },
      {
        // Files share the modules of Node: reading those of wrangler, Miniflare and the SDK anew for each costs seconds.
        test: { name: "sdk", include: ["test/sdk/**/*.test.ts"], isolate: false, ...SIDE_BY_SIDE, ...overHttp },
      },
      {
        test: { name: "clients", include: ["test/clients/**/*.test.ts"], ...overHttp, ...APART, testTimeout: 180_000 },
      },
      {
        test: {
          name: "long",
          exclude: ["test/long/workerd/**"],
          include: ["test/long/**/*.test.ts", "test/sdk/bad-input/random-requests.test.ts"],
          ...overHttp,
          ...APART,
          testTimeout: 3_600_000,
          env: { RANDOM_REQUESTS_SECONDS: "300" },
        },
      },
      {
        plugins: [inWorkerd({ KEYS: process.env["KEYS"] ?? "" })],
        test: {
          name: "long-workerd",
          include: ["test/long/workerd/**/*.test.ts"],
          ...APART,
          testTimeout: 3_600_000,
          hookTimeout: 3_600_000,
        },
      },
    ],
  },
});
