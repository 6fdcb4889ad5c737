import { writeFileSync } from "node:fs";
import type {
  CachePolicyList,
  Distribution,
  DistributionConfig,
  DistributionList,
  FunctionList,
  Invalidation,
} from "@aws-sdk/client-cloudfront";
import { describe, expect, test } from "vitest";
import { CACHING_OPTIMIZED, describeDistribution } from "../support/cloudfront.ts";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";

/** What the commands print: the members of the API's answers, each where it belongs. */
interface Printed {
  readonly ETag: string;
  readonly Distribution: Distribution & { readonly Id: string };
  readonly DistributionConfig: DistributionConfig;
  readonly DistributionList: DistributionList;
  readonly Invalidation: Invalidation & { readonly Id: string };
  readonly CachePolicyList: CachePolicyList;
  readonly FunctionList: FunctionList;
}

/** `aws cloudfront`, from the creation of a distribution to its end. */
describe.skipIf(program === "")("aws cloudfront", () => {
  const cli = useAwsCli(program);
  const run = (args: readonly string[], allowFailure = false) => cli.run(["cloudfront", ...args], { allowFailure });
  const cloudfront = (...args: string[]) => cli.read<Printed>(["cloudfront", ...args]);
  /** A document as `file://…` */
  const write = (name: string, document: object) => {
    writeFileSync(cli.path(name), JSON.stringify(document));
    return `file://${cli.path(name)}`;
  };

  /** The CLI's waiters look every 20 or 60 seconds: they are asked when they will find what they wait for. */
  const poll = async (look: () => Promise<unknown>, state: string) => {
    await expect.poll(look, { timeout: 20_000, interval: 500 }).toBe(state);
  };

  test("create, wait, invalidate, wait, change, disable, delete", async () => {
    const config = write("create.json", describeDistribution());
    const { Distribution, ETag } = await cloudfront("create-distribution", "--distribution-config", config);
    const id = Distribution.Id;
    await poll(async () => (await cloudfront("get-distribution", "--id", id)).Distribution.Status, "Deployed");
    await cloudfront("wait", "distribution-deployed", "--id", id);
    const { Invalidation } = await cloudfront(
      "create-invalidation",
      "--distribution-id",
      id,
      "--paths",
      "/*",
      "/a%20b",
    );
    expect(Invalidation.Status).toBe("InProgress");
    const named = ["--distribution-id", id, "--id", Invalidation.Id];
    await poll(async () => (await cloudfront("get-invalidation", ...named)).Invalidation.Status, "Completed");
    await cloudfront("wait", "invalidation-completed", ...named);

    const { DistributionConfig } = await cloudfront("get-distribution-config", "--id", id);
    const disabled = write("update.json", { ...DistributionConfig, Enabled: false });
    const update = ["update-distribution", "--id", id, "--distribution-config", disabled, "--if-match"];
    const changed = await cloudfront(...update, ETag);
    expect(changed.Distribution.DistributionConfig?.Enabled).toBe(false);
    const stale = await run([...update, ETag], true);
    expect(stale.stderr).toContain("PreconditionFailed");
    await cloudfront("delete-distribution", "--id", id, "--if-match", changed.ETag);
    expect((await run(["get-distribution", "--id", id], true)).stderr).toContain("NoSuchDistribution");
  });

  test("the short forms that the CLI makes of an origin and a root object", async () => {
    const short = ["--origin-domain-name", "photos.s3.amazonaws.com", "--default-root-object", "index.html"];
    const { Distribution } = await cloudfront("create-distribution", ...short);
    expect(Distribution.DistributionConfig).toMatchObject({
      DefaultRootObject: "index.html",
      Origins: { Items: [{ DomainName: "photos.s3.amazonaws.com", S3OriginConfig: {} }] },
      DefaultCacheBehavior: { ForwardedValues: { QueryString: false }, MinTTL: 0, MaxTTL: 31_536_000 },
    });
    await cloudfront("update-distribution", "--id", Distribution.Id, "--default-root-object", "home.html");
    const { DistributionList } = await cloudfront("list-distributions");
    expect(DistributionList.Items).toHaveLength(1);
  });

  test("policies and functions", async () => {
    const managed = await cloudfront("list-cache-policies", "--type", "managed");
    expect(managed.CachePolicyList.Items).toContainEqual(
      expect.objectContaining({ CachePolicy: expect.objectContaining({ Id: CACHING_OPTIMIZED }) }),
    );
    writeFileSync(cli.path("f.js"), "function handler(event) { return event.request; }");
    const code = `fileb://${cli.path("f.js")}`;
    const settings = ["--function-config", "Comment=edge,Runtime=cloudfront-js-2.0", "--function-code", code];
    const { ETag } = await cloudfront("create-function", "--name", "edge", ...settings);
    await cloudfront("publish-function", "--name", "edge", "--if-match", ETag);
    await cloudfront("get-function", "--name", "edge", "--stage", "LIVE", cli.path("out.js"));
    const { FunctionList } = await cloudfront("list-functions", "--stage", "LIVE");
    expect(FunctionList.Items).toMatchObject([{ Name: "edge", Status: "UNASSOCIATED" }]);
    await cloudfront("delete-function", "--name", "edge", "--if-match", ETag);
  });
});
