import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type {
  CreateFunctionCommandInput,
  InvokeCommandInput,
  InvokeCommandOutput,
  LambdaClientConfig,
} from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import type { Verge } from "./server.ts";

/** The official SDK as root of `verge`, without retries, so that the first answer is the one a test sees. */
export function createLambdaClient(verge: Verge, config: LambdaClientConfig = {}): LambdaClient {
  return new LambdaClient({
    endpoint: verge.endpoint,
    region: verge.region,
    credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey },
    maxAttempts: 1,
    ...config,
  });
}

/** A zip of files by path. */
export function zipFiles(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const entries = Object.entries(files).map(([path, content]): [string, Uint8Array] => [
    path,
    typeof content === "string" ? strToU8(content) : content,
  ]);
  return zipSync(Object.fromEntries(entries));
}

/** What CreateFunction needs at least, for a function that is one CommonJS file. */
export function describeFunction(
  name: string,
  code = "exports.handler = async (event) => event;",
): CreateFunctionCommandInput & { Code: { ZipFile: Uint8Array } } {
  return {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Role: "arn:aws:iam::123456789012:role/lambda-role",
    Handler: "index.handler",
    Code: { ZipFile: zipFiles({ "index.js": code }) },
  };
}

let created = 0;

/** Creates a function of one CommonJS file under a fresh name, and answers the name. */
export async function createFunction(
  lambda: LambdaClient,
  code?: string,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<string> {
  const name = `function-${++created}`;
  await lambda.send(new CreateFunctionCommand({ ...describeFunction(name, code), ...more }));
  return name;
}

/** Invokes it with an event, and answers its result beside the rest. */
export async function invokeFunction(
  lambda: LambdaClient,
  FunctionName: string,
  event?: unknown,
  more: Partial<InvokeCommandInput> = {},
): Promise<InvokeCommandOutput & { readonly result: unknown }> {
  const Payload = event === undefined ? undefined : JSON.stringify(event);
  const answer = await lambda.send(new InvokeCommand({ FunctionName, ...(Payload && { Payload }), ...more }));
  const text = answer.Payload?.transformToString() ?? "";
  return { ...answer, result: text === "" ? undefined : (JSON.parse(text) as unknown) };
}
