import { env } from "cloudflare:workers";
import { packFiles } from "../../../src/lambda/runtime/pack/pack.ts";
import { Deadlines } from "../../../src/lambda/runtime/deadlines.ts";
import { createRuntime } from "../../../src/lambda/runtime/loader.ts";
import { textOf } from "../../../src/lambda/runtime/payload.ts";
import type {
  InvokeOutput,
  InvokeStreamOutput,
  PackedCode,
  Runtime,
  RuntimeFunction,
} from "../../../src/lambda/runtime/protocol.ts";

export interface TestFunction {
  readonly packed: PackedCode;
  /** Invokes with a JSON event; the answer's payload comes parsed. */
  invoke(event?: unknown): Promise<InvokeOutput & { readonly result: unknown }>;
  /** For payloads that are no JSON. */
  invokeRaw(event: unknown): Promise<InvokeOutput>;
  invokeStream(event: unknown): Promise<InvokeStreamOutput>;
}

let made = 0;

/** A function from source texts by path, in isolates of its own. */
export function makeFunction(
  sources: Readonly<Record<string, string | Uint8Array>>,
  settings: Partial<RuntimeFunction> = {},
  egress: () => Fetcher = () => env.ASSETS,
): TestFunction {
  const files = Object.entries(sources).map(
    ([path, source]) => [path, typeof source === "string" ? new TextEncoder().encode(source) : source] as const,
  );
  const { packed } = packFiles(new Map(files), "/var/task");
  const name = `f${++made}`;
  const fn: RuntimeFunction = {
    accountId: "123456789012",
    name,
    version: "$LATEST",
    arn: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
    handler: "index.handler",
    runtime: "nodejs24.x",
    region: "us-east-1",
    timeoutSeconds: 3,
    memoryMb: 128,
    environment: {},
    codeSha256: name,
    configRevision: "1",
    ...settings,
  };
  const runtime = makeRuntime(packed, egress);
  const inputOf = (event: unknown) => ({
    requestId: crypto.randomUUID(),
    payload: new TextEncoder().encode(event === undefined ? "" : JSON.stringify(event)),
    invokedArn: fn.arn,
  });
  return {
    packed,
    async invoke(event) {
      const output = await runtime.invoke(fn, inputOf(event));
      return { ...output, result: JSON.parse(textOf(output.payload)) as unknown };
    },
    invokeRaw: (event) => runtime.invoke(fn, inputOf(event)),
    invokeStream: (event) => runtime.invokeStream(fn, inputOf(event)),
  };
}

function makeRuntime(packed: PackedCode, egress: () => Fetcher): Runtime {
  return createRuntime({
    loader: env.LOADER,
    loadCode: async () => packed,
    egress,
    defer: () => undefined,
    deadlines: new Deadlines(),
  });
}
