import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { zipFiles } from "../support/lambda.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, requireProgram, type Workspace } from "./program.ts";

const program = requireProgram("aws") ?? "";

/** `aws lambda`, from the creation of a function to its end. */
describe.skipIf(program === "")("aws lambda", () => {
  let verge: Verge;
  let work: Workspace;

  const run = (args: readonly string[], allowFailure = false) =>
    work.run(program, ["--endpoint-url", verge.endpoint, "--output", "json", "lambda", ...args], { allowFailure });
  /** The command's JSON; an empty object where it prints nothing. */
  const lambda = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await run(args)).stdout || "{}") as Record<string, unknown>;
  const writeZip = (name: string, answer: string) => {
    const code = `export const handler = async (event, { functionVersion }) => {
      console.log("saw", event);
      return { answer: ${JSON.stringify(answer)}, event, functionVersion };
    };`;
    writeFileSync(work.path(name), zipFiles({ "index.mjs": code }));
    return `fileb://${work.path(name)}`;
  };
  /** What `invoke` printed and what the function returned. The CLIs of both lines read the payload from a file alike. */
  const invoke = async (...args: string[]) => {
    writeFileSync(work.path("event.json"), '{"a":1}');
    const printed = await lambda(
      "invoke",
      "--payload",
      `fileb://${work.path("event.json")}`,
      ...args,
      work.path("out"),
    );
    return { printed, returned: JSON.parse(readFileSync(work.path("out"), "utf8")) as Record<string, unknown> };
  };

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("create, wait, invoke with its log, change the code and the configuration", async () => {
    const role = "arn:aws:iam::123456789012:role/lambda";
    const settings = ["--runtime", "nodejs22.x", "--role", role, "--handler", "index.handler"];
    const zip = writeZip("one.zip", "one");
    await lambda("create-function", "--function-name", "cli", ...settings, "--zip-file", zip);
    await lambda("wait", "function-active", "--function-name", "cli");
    const { printed, returned } = await invoke("--function-name", "cli", "--log-type", "Tail");
    expect(returned).toEqual({ answer: "one", event: { a: 1 }, functionVersion: "$LATEST" });
    expect(printed).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(Buffer.from(String(printed["LogResult"]), "base64").toString()).toContain("saw { a: 1 }");
    expect(await lambda("publish-version", "--function-name", "cli")).toMatchObject({ Version: "1" });
    const two = writeZip("two.zip", "two");
    await lambda("update-function-code", "--function-name", "cli", "--zip-file", two, "--publish");
    await lambda("wait", "function-updated", "--function-name", "cli");
    const change = ["--timeout", "9", "--environment", "Variables={KEY=value}"];
    expect(await lambda("update-function-configuration", "--function-name", "cli", ...change)).toMatchObject({
      Timeout: 9,
      Environment: { Variables: { KEY: "value" } },
    });
    expect((await invoke("--function-name", "cli")).returned).toMatchObject({ answer: "two" });
    expect((await invoke("--function-name", "cli", "--qualifier", "1")).returned).toMatchObject({ answer: "one" });
  });

  test("alias with weights, permission, function URL", async () => {
    const alias = ["--name", "live", "--function-version", "1", "--routing-config", "AdditionalVersionWeights={2=0.1}"];
    expect(await lambda("create-alias", "--function-name", "cli", ...alias)).toMatchObject({
      RoutingConfig: { AdditionalVersionWeights: { "2": 0.1 } },
    });
    const url = await lambda("create-function-url-config", "--function-name", "cli", "--auth-type", "NONE");
    const permission = ["--statement-id", "url", "--action", "lambda:InvokeFunctionUrl", "--principal", "*"];
    await lambda("add-permission", "--function-name", "cli", ...permission, "--function-url-auth-type", "NONE");
    const answer = (await (await fetch(`${String(url["FunctionUrl"])}path?x=1`)).json()) as { event: object };
    expect(answer.event).toMatchObject({ rawPath: "/path", queryStringParameters: { x: "1" } });
    expect(String((await lambda("get-policy", "--function-name", "cli"))["Policy"])).toContain("InvokeFunctionUrl");
  });

  test("a layer: publish, list, use, allow, delete", async () => {
    const files = { "nodejs/node_modules/shared/index.js": "exports.name = 'of the layer';" };
    writeFileSync(work.path("layer.zip"), zipFiles(files));
    const zip = `fileb://${work.path("layer.zip")}`;
    const runtimes = ["--compatible-runtimes", "nodejs22.x", "nodejs24.x"];
    const layer = await lambda("publish-layer-version", "--layer-name", "shared", "--zip-file", zip, ...runtimes);
    const arn = String(layer["LayerVersionArn"]);
    expect(await lambda("list-layers", "--compatible-runtime", "nodejs24.x")).toMatchObject({
      Layers: [{ LayerName: "shared", LatestMatchingVersion: { LayerVersionArn: arn, Version: 1 } }],
    });
    const version = ["--layer-name", "shared", "--version-number", "1"];
    const permission = ["--statement-id", "all", "--principal", "*", "--action", "lambda:GetLayerVersion"];
    await lambda("add-layer-version-permission", ...version, ...permission);
    expect(String((await lambda("get-layer-version-policy", ...version))["Policy"])).toContain(arn);
    await lambda("remove-layer-version-permission", ...version, "--statement-id", "all");

    writeFileSync(
      work.path("f.zip"),
      zipFiles({ "index.js": "exports.handler = async () => require('shared').name;" }),
    );
    const role = "arn:aws:iam::123456789012:role/lambda";
    const described = ["--runtime", "nodejs24.x", "--role", role, "--handler", "index.handler", "--layers", arn];
    await lambda(
      "create-function",
      "--function-name",
      "user",
      "--zip-file",
      `fileb://${work.path("f.zip")}`,
      ...described,
    );
    await lambda("delete-layer-version", ...version);
    expect((await invoke("--function-name", "user")).returned).toBe("of the layer");
    expect(await lambda("get-function-configuration", "--function-name", "user")).toMatchObject({
      Layers: [{ Arn: arn }],
    });
    await lambda("delete-function", "--function-name", "user");
  });

  test("errors by AWS's names, and the end", async () => {
    const nobody = await run(["invoke", "--function-name", "nobody", work.path("out")], true);
    expect(nobody.stderr).toContain("(ResourceNotFoundException)");
    const signing = await run(["list-capacity-providers"], true);
    expect(signing.stderr).toContain("(NotImplementedException) when calling the ListCapacityProviders operation");
    await lambda("delete-function", "--function-name", "cli");
    expect(await lambda("list-functions")).toEqual({ Functions: [] });
  });
});
