import { execFileSync, spawn } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../support/lambda.ts";
import { useAwsCli } from "./aws-cli.ts";
import { awsEnvironment, findProgram } from "./program.ts";

/** `aws logs tail` came with the second version of the program, which may be hidden behind the first. */
const program =
  [findProgram("aws"), "/usr/local/bin/aws", "/usr/bin/aws"].find((path) => path !== undefined && isSecond(path)) ?? "";
if (program === "") console.warn("not installed: aws, version 2");

function isSecond(path: string): boolean {
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8" }).startsWith("aws-cli/2");
  } catch {
    return false;
  }
}

/** The program looks every five seconds. */
const FOLLOW_MILLISECONDS = 30_000;

/** `aws logs`, on the logs of a function and on a group of its own. */
describe.skipIf(program === "")("aws logs", () => {
  const cli = useAwsCli(program);
  const run = (args: readonly string[], allowFailure = false) => cli.run(["logs", ...args], { allowFailure });
  const logs = (...args: string[]) => cli.read(["logs", ...args]);

  let name: string;
  beforeAll(async () => {
    name = await createFunction(
      createLambdaClient(cli.verge),
      "exports.handler = async ({ say }) => console.log('said', say);",
    );
  });

  /** Follows the function's group until `count` lines say something, and answers all that was printed. */
  async function follow(count: number): Promise<string> {
    const args = [
      ...cli.options,
      "logs",
      "tail",
      `/aws/lambda/${name}`,
      "--follow",
      "--since",
      "1h",
      "--format",
      "short",
    ];
    const child = spawn(program, args, { env: { ...process.env, ...awsEnvironment(cli.verge), HOME: cli.work.dir } });
    const timer = setTimeout(() => child.kill("SIGKILL"), FOLLOW_MILLISECONDS);
    try {
      let printed = "";
      for await (const chunk of child.stdout) {
        printed += String(chunk);
        if (printed.split("said").length > count) return printed;
      }
      throw new Error(`aws logs tail ended with: ${printed}`);
    } finally {
      clearTimeout(timer);
      child.kill("SIGKILL");
    }
  }

  test("tail --follow shows each invocation once, and those to come", async () => {
    const lambda = createLambdaClient(cli.verge);
    await invokeFunction(lambda, name, { say: "one" });
    await expect
      .poll(() => run(["describe-log-groups"]).then(({ stdout }) => stdout), { timeout: 15_000 })
      .toContain(name);
    const followed = follow(3);
    await invokeFunction(lambda, name, { say: "two" });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await invokeFunction(lambda, name, { say: "three" });
    const printed = await followed;
    expect(printed.match(/said \w+/g)).toEqual(["said one", "said two", "said three"]);
    expect(printed).toMatch(/START RequestId: \S+ Version: \$LATEST/);
  });

  test("filter-log-events, describe-log-streams and get-log-events", async () => {
    const group = ["--log-group-name", `/aws/lambda/${name}`];
    const filtered = await logs("filter-log-events", ...group, "--filter-pattern", '"said two"');
    expect(filtered["events"]).toMatchObject([{ message: expect.stringContaining("said two") }]);
    const { logStreams } = await logs("describe-log-streams", ...group, "--order-by", "LastEventTime", "--descending");
    const [{ logStreamName }] = logStreams as [{ logStreamName: string }];
    const read = await logs("get-log-events", ...group, "--log-stream-name", logStreamName, "--limit", "1");
    expect(read["events"]).toMatchObject([{ message: expect.stringMatching(/^REPORT/) }]);
  });

  test("a group of its own, from its creation to its end", async () => {
    const group = ["--log-group-name", "own"];
    await logs("create-log-group", ...group, "--tags", "a=b");
    await logs("create-log-stream", ...group, "--log-stream-name", "s");
    const event = `timestamp=${Date.now()},message=hello`;
    await logs("put-log-events", ...group, "--log-stream-name", "s", "--log-events", event);
    await logs("put-retention-policy", ...group, "--retention-in-days", "30");
    expect(await logs("list-tags-log-group", ...group)).toEqual({ tags: { a: "b" } });
    const { logGroups } = await logs("describe-log-groups", "--log-group-name-prefix", "own");
    expect(logGroups).toMatchObject([{ retentionInDays: 30 }]);
    expect((await run(["tail", "own", "--format", "short"])).stdout).toContain("hello");
    await logs("delete-log-group", ...group);
    expect((await run(["tail", "own"], true)).stderr).toContain("(ResourceNotFoundException)");
  });
});
