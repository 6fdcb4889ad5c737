import { globSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { zipFiles } from "../support/lambda.ts";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";
const curl = requireProgram("curl") ?? "";

/** `aws lambda`, from the creation of a function to its end. */
describe.skipIf(program === "")("aws lambda", () => {
  const cli = useAwsCli(program);
  const aws = (...args: string[]) => cli.run(args);
  const run = (args: readonly string[], allowFailure = false) => cli.run(["lambda", ...args], { allowFailure });
  const lambda = (...args: string[]) => cli.read(["lambda", ...args]);
  const writeZip = (name: string, answer: string) => {
    const code = `export const handler = async (event, { functionVersion }) => {
      console.log("saw", event);
      return { answer: ${JSON.stringify(answer)}, event, functionVersion };
    };`;
    writeFileSync(cli.path(name), zipFiles({ "index.mjs": code }));
    return `fileb://${cli.path(name)}`;
  };
  /** What `invoke` printed and what the function returned. The CLIs of both lines read the payload from a file alike. */
  const invoke = async (...args: string[]) => {
    writeFileSync(cli.path("event.json"), '{"a":1}');
    const printed = await lambda("invoke", "--payload", `fileb://${cli.path("event.json")}`, ...args, cli.path("out"));
    return { printed, returned: JSON.parse(readFileSync(cli.path("out"), "utf8")) as Record<string, unknown> };
  };

  /** What `invoke` takes for an asynchronous invocation. */
  const event = (payload: string) => {
    writeFileSync(cli.path("event.json"), payload);
    return ["--invocation-type", "Event", "--payload", `fileb://${cli.path("event.json")}`];
  };
  const createFunction = (name: string, zip: string) => {
    const role = "arn:aws:iam::123456789012:role/lambda";
    const settings = ["--runtime", "nodejs22.x", "--role", role, "--handler", "index.handler"];
    return lambda("create-function", "--function-name", name, ...settings, "--zip-file", `fileb://${cli.path(zip)}`);
  };

  test("create, wait, invoke with its log, change the code and the configuration", async () => {
    writeZip("one.zip", "one");
    await createFunction("cli", "one.zip");
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

  test("an alias sends calls to one of its versions, and the waiters see them ready", async () => {
    await lambda("wait", "function-exists", "--function-name", "cli");
    await lambda("wait", "function-active-v2", "--function-name", "cli");
    await lambda("wait", "function-updated-v2", "--function-name", "cli");
    await lambda("wait", "published-version-active", "--function-name", "cli", "--qualifier", "2");
    const versions = [];
    for (let call = 0; call < 3; call++) {
      const { printed } = await invoke("--function-name", "cli", "--qualifier", "live");
      versions.push(printed["ExecutedVersion"]);
    }
    expect(versions).toContain("1");
    expect(["1", "2"]).toEqual(expect.arrayContaining(versions));
    const everything = ["--name", "live", "--routing-config", "AdditionalVersionWeights={2=1}"];
    await lambda("update-alias", "--function-name", "cli", ...everything);
    expect((await invoke("--function-name", "cli:live")).printed).toMatchObject({ ExecutedVersion: "2" });
    const dryRun = ["--function-name", "cli", "--invocation-type", "DryRun", cli.path("out")];
    expect(await lambda("invoke", ...dryRun)).toMatchObject({ StatusCode: 204 });
  });

  test("an event is answered at once and runs then: its log, and the record of its failure in a bucket", async () => {
    const sent = await lambda("invoke", "--function-name", "cli", ...event('{"mark":"later"}'), cli.path("out"));
    expect(sent).toEqual({ StatusCode: 202 });
    const logged = ["filter-log-events", "--log-group-name", "/aws/lambda/cli", "--filter-pattern", '"later"'];
    await expect
      .poll(async () => (await aws("logs", ...logged)).stdout, { timeout: 30_000, interval: 500 })
      .toContain("saw { mark: 'later' }");

    await aws("s3", "mb", "s3://failures");
    writeFileSync(
      cli.path("bad.zip"),
      zipFiles({ "index.mjs": "export const handler = () => { throw new Error('no'); };" }),
    );
    await createFunction("failing", "bad.zip");
    const destination = ["--destination-config", '{"OnFailure":{"Destination":"arn:aws:s3:::failures"}}'];
    const retries = ["--maximum-retry-attempts", "0"];
    await lambda("put-function-event-invoke-config", "--function-name", "failing", ...retries, ...destination);
    await lambda("invoke", "--function-name", "failing", ...event('{"a":1}'), cli.path("out"));
    const listed = () => aws("s3", "ls", "--recursive", "s3://failures").then(({ stdout }) => stdout);
    await expect.poll(listed, { timeout: 30_000, interval: 500 }).toContain("aws/lambda/async/failing/");
    await aws("s3", "cp", "--recursive", "s3://failures", cli.path("failures"));
    const [file = ""] = globSync("failures/aws/lambda/async/failing/*/*/*/*", { cwd: cli.work.dir });
    expect(JSON.parse(readFileSync(cli.path(file), "utf8"))).toMatchObject({
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 1 },
      requestPayload: { a: 1 },
      responsePayload: { errorType: "Error", errorMessage: "no" },
    });
    await lambda("delete-function", "--function-name", "failing");
  });

  test.skipIf(curl === "")("function URLs by curl: for everybody, and signed", async () => {
    const named = ["--function-name", "cli"];
    const { FunctionUrl } = await lambda("get-function-url-config", ...named);
    const url = String(FunctionUrl);
    const answer = async (...args: string[]) => {
      const { stdout } = await cli.work.run(curl, ["--silent", "--write-out", "\n%{http_code}", ...args]);
      const end = stdout.lastIndexOf("\n");
      return { status: stdout.slice(end + 1), body: stdout.slice(0, end) };
    };
    const open = await answer("--data", "hello", `${url}path?x=1`);
    expect(open.status).toBe("200");
    expect(JSON.parse(open.body)).toMatchObject({ event: { rawPath: "/path", rawQueryString: "x=1" } });
    await lambda("update-function-url-config", ...named, "--auth-type", "AWS_IAM");
    const plain = await answer(url);
    expect(plain.status).toBe("403");
    expect(JSON.parse(plain.body)).toMatchObject({ Message: "Forbidden" });
    const sign = (secret: string) => [
      "--aws-sigv4",
      `aws:amz:${cli.verge.region}:lambda`,
      "--user",
      `${cli.verge.accessKeyId}:${secret}`,
    ];
    const signed = await answer(...sign(cli.verge.secretAccessKey), "--json", '{"said":"hello"}', `${url}signed`);
    expect(signed.status).toBe("200");
    expect(JSON.parse(signed.body)).toMatchObject({
      event: {
        body: '{"said":"hello"}',
        requestContext: { authorizer: { iam: { accessKey: cli.verge.accessKeyId } } },
      },
    });
    expect((await answer(...sign("wrong"), url)).status).toBe("403");
    await lambda("delete-function-url-config", ...named);
    expect((await answer(url)).status).toBe("404");
  });

  test("a layer: publish, list, use, allow, delete", async () => {
    const files = { "nodejs/node_modules/shared/index.js": "exports.name = 'of the layer';" };
    writeFileSync(cli.path("layer.zip"), zipFiles(files));
    const zip = `fileb://${cli.path("layer.zip")}`;
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

    writeFileSync(cli.path("f.zip"), zipFiles({ "index.js": "exports.handler = async () => require('shared').name;" }));
    const role = "arn:aws:iam::123456789012:role/lambda";
    const described = ["--runtime", "nodejs24.x", "--role", role, "--handler", "index.handler", "--layers", arn];
    await lambda(
      "create-function",
      "--function-name",
      "user",
      "--zip-file",
      `fileb://${cli.path("f.zip")}`,
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
    const nobody = await run(["invoke", "--function-name", "nobody", cli.path("out")], true);
    expect(nobody.stderr).toContain("(ResourceNotFoundException)");
    const signing = await run(["list-capacity-providers"], true);
    expect(signing.stderr).toContain("(NotImplementedException) when calling the ListCapacityProviders operation");
    await lambda("delete-function", "--function-name", "cli");
    expect(await lambda("list-functions")).toEqual({ Functions: [] });
  });
});
