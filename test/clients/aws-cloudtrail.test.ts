import { describe, expect, test } from "vitest";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";

interface Looked {
  readonly Events: readonly { readonly EventName: string; readonly CloudTrailEvent: string }[];
  readonly NextToken?: string;
}

describe.skipIf(program === "")("aws cloudtrail", () => {
  const cli = useAwsCli(program);
  const run = (args: string) => cli.run(args.split(" "), { allowFailure: true });
  const look = (args: string) =>
    cli.read<Looked>(["cloudtrail", "lookup-events", ...args.split(" ")], { allowFailure: true });

  test("lookup-events finds who made which bucket", async () => {
    await run("s3api create-bucket --bucket looked-up");
    const creations = "--lookup-attributes AttributeKey=EventName,AttributeValue=CreateBucket";
    await expect.poll(async () => (await look(creations)).Events.length, { timeout: 20_000 }).toBe(1);
    const [event] = (await look(creations)).Events;
    expect(JSON.parse(event!.CloudTrailEvent)).toMatchObject({
      eventName: "CreateBucket",
      requestParameters: { bucketName: "looked-up" },
      userIdentity: { type: "Root" },
    });
    const since = await look(`--start-time ${new Date(Date.now() + 3_600_000).toISOString()}`);
    expect(since.Events).toEqual([]);
    // The program pages by itself.
    expect((await look("--page-size 1 --max-items 2")).Events).toHaveLength(2);
  });

  test("what is refused says so", async () => {
    const refused = await run(
      "cloudtrail lookup-events --lookup-attributes AttributeKey=ReadOnly,AttributeValue=maybe",
    );
    expect(refused.stderr).toContain("(InvalidLookupAttributesException)");
    const trail = await run("cloudtrail create-trail --name t --s3-bucket-name looked-up");
    expect(trail.stderr).toContain("(UnsupportedOperationException)");
    expect(JSON.parse((await run("cloudtrail describe-trails")).stdout)).toEqual({ trailList: [] });
  });
});
