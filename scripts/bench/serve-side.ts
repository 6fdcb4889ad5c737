/**
 * A process of its own for one of the sides that run on workerd. Started by `side.ts` with its options
 * as JSON; says over the channel where it serves, and ends when the channel does.
 */
import { DEFAULT_REGION, startRuntime } from "../local/runtime.ts";
import { type BareKind, startBareRuntime } from "./bare/runtime.ts";

export interface ServeOptions {
  readonly side: "verge" | BareKind;
  readonly mainModule: string;
  readonly stateDir: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** 32 bytes in base64; for Verge. */
  readonly masterKey: string;
  readonly inspectorPort?: number;
  readonly functions?: "apart" | "inside";
}

export interface Serving {
  readonly origin: string;
  /** Of the workerd that serves; s3rver has none. */
  readonly pid: number | undefined;
}

const options = JSON.parse(process.argv[2] ?? "") as ServeOptions;
const runtime = await start(options);
process.once("disconnect", () => {
  runtime.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.send?.({ origin: runtime.endpoint.origin, pid: runtime.process.pid } satisfies Serving);

function start({ side, mainModule, stateDir, inspectorPort, functions, ...keys }: ServeOptions) {
  const common = { mainModule, stateDir, inspectorPort };
  if (side !== "verge") {
    const bindings = { ACCESS_KEY_ID: keys.accessKeyId, SECRET_ACCESS_KEY: keys.secretAccessKey };
    return startBareRuntime({ ...common, kind: side, bindings });
  }
  return startRuntime({
    ...common,
    functions,
    host: "127.0.0.1",
    port: 0,
    bindings: {
      VERGE_REGION: DEFAULT_REGION,
      VERGE_ROOT_ACCESS_KEY_ID: keys.accessKeyId,
      VERGE_ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey,
      VERGE_MASTER_KEY: keys.masterKey,
    },
  });
}
