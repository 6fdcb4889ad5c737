import { CreateFunctionCommand, InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { collectPackages } from "./function-packages.ts";
import { describeFunction, zipFiles } from "./lambda.ts";

export interface Trial {
  /** Of `index.mjs`, or of `index.js` when it requires. */
  readonly source: string;
  readonly event?: unknown;
  /** Asymmetric matchers allowed. */
  readonly result: unknown;
}

/** Modules of Node.js, which are in no package. */
const BUILTINS = new Set(["child_process", "worker_threads", "vm"]);

/** Runs a function whose zip holds packages unbundled: `names` are theirs, by spaces, up to a comma. */
export async function runTrial(lambda: LambdaClient, names: string, { event, source }: Trial) {
  const packages = names
    .replace(/,.*/, "")
    .split(" ")
    .filter((name) => !BUILTINS.has(name));
  const file = /^import /m.test(source) ? "index.mjs" : "index.js";
  const name = names.replace(/[^a-z]/g, "-").slice(0, 64);
  await lambda.send(
    new CreateFunctionCommand({
      ...describeFunction(name),
      Timeout: 20,
      Code: { ZipFile: zipFiles({ ...collectPackages(packages), [file]: source }) },
    }),
  );
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event ?? {}), LogType: "Tail" }),
  );
  return { error: answer.FunctionError, result: JSON.parse(answer.Payload?.transformToString() ?? "") as unknown };
}
