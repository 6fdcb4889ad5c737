import { zipSync } from "fflate";
import type { Side } from "../side.ts";

/** What every server is asked, and what the handler of every server answers. */
export const EVENT = Buffer.from(JSON.stringify({ name: "Verge" }));

/** The handler that is measured: Lambda's own first example, near enough. */
export const HANDLER = `exports.handler = async (event) => ({ hello: event.name });\n`;

type AnySide = Pick<Side, "request">;

/** Creates a function from the files of its package. Throws what the server says otherwise. */
export async function createFunction(
  side: AnySide,
  name: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const zip = zipSync(
    Object.fromEntries(
      Object.entries(files).map(([path, content]): [string, Uint8Array] => [path, Buffer.from(content)]),
    ),
  );
  await callLambda(side, "/2015-03-31/functions", {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Role: "arn:aws:iam::123456789012:role/bench",
    Handler: "index.handler",
    Timeout: 30,
    Code: { ZipFile: Buffer.from(zip).toString("base64") },
  });
}

/** The path of a function's Invoke. */
export function invokePath(name: string): string {
  return `/2015-03-31/functions/${name}/invocations`;
}

/** Gives a function a URL that everybody may call, and answers its path. */
export async function createFunctionUrl(side: AnySide, name: string): Promise<string> {
  const created = await callLambda(side, `/2021-10-31/functions/${name}/url`, { AuthType: "NONE" });
  await callLambda(side, `/2015-03-31/functions/${name}/policy`, {
    StatementId: "url",
    Action: "lambda:InvokeFunctionUrl",
    Principal: "*",
    FunctionUrlAuthType: "NONE",
  });
  return new URL(String(created["FunctionUrl"])).pathname;
}

async function callLambda(side: AnySide, target: string, input: object): Promise<Record<string, unknown>> {
  const body = Buffer.from(JSON.stringify(input));
  const expect = { status: 201 };
  const { answer, body: answered } = await side.request({ method: "POST", target, body, signed: "lambda", expect });
  if (answer.status !== 201) throw new Error(`${target}: ${answer.headers}\n\n${answered.toString()}`);
  return JSON.parse(answered.toString()) as Record<string, unknown>;
}
