import { env } from "cloudflare:workers";
import { functionRegistryOf } from "../../../src/metadata/function/client.ts";
import type { FunctionSettings } from "../../../src/metadata/function/protocol.ts";

/** Lambda's defaults, as a registry keeps them. */
export const FUNCTION_SETTINGS: FunctionSettings = {
  runtime: "nodejs24.x",
  handler: "index.handler",
  role: "arn:aws:iam::123456789012:role/r",
  description: "",
  timeoutSeconds: 3,
  memoryMb: 128,
  ephemeralStorageMb: 512,
  tracingMode: "PassThrough",
  logging: { format: "Text", group: "/aws/lambda/f" },
};

/** Creates the function `f` of an account; nobody runs it. */
export async function createFunction(accountId: string): Promise<void> {
  const registry = functionRegistryOf(env, accountId);
  const codeId = `${accountId}/${crypto.randomUUID()}`;
  await registry.reserveCode(codeId);
  await registry.createFunction({
    name: "f",
    architecture: "x86_64",
    settings: FUNCTION_SETTINGS,
    code: { codeId, sha256: "", size: 1, unzippedSize: 1 },
    tags: {},
    publish: false,
  });
}
