import { build } from "esbuild";
import { median } from "../load.ts";
import type { RequestPlan, Side } from "../side.ts";
import { createFunction, EVENT, HANDLER, invokePath } from "./verge-functions.ts";

/** Milliseconds, medians over functions that nobody had called before. */
export interface ColdStart {
  readonly name: string;
  readonly first: number;
  readonly second: number;
  /** From the third call on. */
  readonly warm: number;
}

const FUNCTIONS = 15;
const WARM_CALLS = 20;
const MB = 1024 * 1024;

/** Starts of a bare isolate, of a tiny function, of a bundle of 1 MB, and of one with the S3 client. */
export async function measureColdStarts(verge: Side, hono: Side<"hono">): Promise<ColdStart[]> {
  const bare = await measure("bare isolate", hono, (index) => ({
    ...PLAN,
    target: `/isolate/cold-${index}`,
    signed: "no",
  }));
  const packages: [string, string][] = [
    ["tiny", HANDLER],
    ["bundle of 1 MB", writeLargeBundle()],
    ["client-s3, bundled", await bundleClientS3()],
  ];
  const results = [bare];
  for (const [name, code] of packages) {
    const prefix = name.replaceAll(/\W+/g, "-");
    for (let index = 0; index < FUNCTIONS; index++) {
      await createFunction(verge, `${prefix}-${index}`, { "index.js": code });
    }
    results.push(
      await measure(name, verge, (index) => ({ ...PLAN, target: invokePath(`${prefix}-${index}`), signed: "lambda" })),
    );
  }
  return results;
}

const PLAN = { method: "POST", body: EVENT, expect: { status: 200 } } as const;

async function measure<Name extends Side["name"] | "hono">(
  name: string,
  side: Side<Name>,
  planOf: (index: number) => RequestPlan,
): Promise<ColdStart> {
  const times: [first: number, second: number, warm: number][] = [];
  for (let index = 0; index < FUNCTIONS; index++) {
    const plan = planOf(index);
    const calls: number[] = [];
    for (let call = 0; call < 2 + WARM_CALLS; call++) calls.push(await time(side, plan));
    const [first = 0, second = 0, ...warm] = calls;
    times.push([first, second, median(warm)]);
  }
  const middle = (position: 0 | 1 | 2) => median(times.map((all) => all[position]));
  return { name, first: middle(0), second: middle(1), warm: middle(2) };
}

async function time<Name extends Side["name"] | "hono">(side: Side<Name>, plan: RequestPlan): Promise<number> {
  const { milliseconds, body, answer } = await side.time(plan);
  if (answer.status === 200 && body.includes("hello")) return milliseconds;
  throw new Error(`${side.name} answers ${plan.target} with ${answer.status}: ${body.toString().slice(0, 500)}`);
}

/** Functions that do something, since V8 compiles what is called and only looks over the rest. */
function writeLargeBundle(): string {
  const parts = [HANDLER];
  for (let index = 0, length = 0; length < MB; index++) {
    const part = `exports.part${index} = (value) => { const table = { a: ${index}, b: "text ${index}", c: [value, ${index}] }; for (const key of Object.keys(table)) value += String(table[key]).length; return value; };\n`;
    parts.push(part);
    length += part.length;
  }
  return parts.join("");
}

async function bundleClientS3(): Promise<string> {
  const contents = `import { S3Client } from "@aws-sdk/client-s3";
    const client = new S3Client({});
    export const handler = async (event) => ({ hello: event.name, has: typeof client.send });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: "node",
    format: "cjs",
    minify: true,
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
