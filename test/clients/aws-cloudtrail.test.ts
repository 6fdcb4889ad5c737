import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge, type Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, requireProgram, type Workspace } from "./program.ts";

const aws = requireProgram("aws");

interface Looked {
  readonly Events: readonly { readonly EventName: string; readonly CloudTrailEvent: string }[];
  readonly NextToken?: string;
}

describe.skipIf(!aws)("aws cloudtrail", () => {
  let verge: Verge;
  let work: Workspace;
  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  const run = (args: string) =>
    work.run(aws!, ["--endpoint-url", verge.endpoint, "--output", "json", ...args.split(" ")], { allowFailure: true });
  const look = async (args: string) =>
    JSON.parse((await run(`cloudtrail lookup-events ${args}`)).stdout || "{}") as Looked;

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
