import { element } from "../../lib/xml.ts";
import { answer, type CdnCall, type CdnResult, readDocument, readIfMatch } from "./call.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { decodeSource, isUsed, requireFunction, requireStage, type Stage, summarise, versionOf } from "./functions.ts";
import { type TestFunction, testFunctionShape } from "./xml/function-shapes.ts";

/** "Function event object": 40 KB. */
const MAX_EVENT_BYTES = 40 * 1024;
/** Of which `ComputeUtilization` is the share. */
const LIMIT_MS = 1_000;

/** Runs a stage of a function on an event; a function that fails is an answer too. */
export async function testFunction(call: CdnCall): Promise<CdnResult> {
  const input = readDocument<TestFunction>(call, "TestFunctionRequest", testFunctionShape);
  const stage = input.Stage as Stage;
  const ifMatch = readIfMatch(call);
  const { resource, record } = await requireFunction(call);
  const { runtime } = requireStage(record, stage);
  if (ifMatch !== versionOf(resource, record, stage)) throw cloudFrontError("InvalidIfMatchVersion");
  const event = readEvent(input.EventObject);
  const code = decodeSource(requireStage(record, stage));
  const source = { name: record.name, code, runtime };
  const run = await call.runFunction(source, call.account.id, event, rawQueryOf(event));
  const output = describeOutput(run.result);
  const error = run.error ?? (output === undefined ? "The function returned neither a request nor a response." : "");
  return answer("TestResult", [
    summarise(resource.id, record, stage, await isUsed(call, resource.id)),
    element("ComputeUtilization", String(Math.min(100, Math.ceil((run.milliseconds / LIMIT_MS) * 100)))),
    element(
      "FunctionExecutionLogs",
      run.logs.map((line) => element("member", line)),
    ),
    element("FunctionErrorMessage", error),
    element("FunctionOutput", output ?? ""),
  ]);
}

function readEvent(bytes: Uint8Array): object {
  if (bytes.byteLength > MAX_EVENT_BYTES) throw invalidArgument("The parameter EventObject is too long.");
  try {
    const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    if (typeof event === "object" && event !== null && !Array.isArray(event)) return event;
  } catch {
    // Refused below, as what is JSON but no object.
  }
  throw invalidArgument("The parameter EventObject is not valid: it must be a JSON object.");
}

interface Parameter {
  readonly value?: string;
  readonly multiValue?: readonly { readonly value?: string }[];
}

/** What a viewer would have sent: an event object has the parameters apart. */
function rawQueryOf(event: { request?: { querystring?: Record<string, Parameter | null> } }): string {
  const parameters = Object.entries(event.request?.querystring ?? {});
  return parameters
    .flatMap(([name, given]) =>
      (given?.multiValue ?? [given]).map((one) => (one?.value ? `${name}=${one.value}` : name)),
    )
    .join("&");
}

/** `{"request": …}` or `{"response": …}`; undefined for what is neither. */
function describeOutput(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  return JSON.stringify("statusCode" in result ? { response: result } : { request: result });
}
