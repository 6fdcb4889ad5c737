import type { Env as VergeEnv } from "../../src/env.ts";

// What `env` of cloudflare:workers is in the tests.
declare global {
  namespace Cloudflare {
    interface Env extends VergeEnv {
      /** How many keys test/long/workerd puts into a bucket. */
      readonly KEYS?: string;
    }
  }
}
