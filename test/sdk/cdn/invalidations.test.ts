import {
  type CloudFrontClient,
  CreateInvalidationCommand,
  GetDistributionCommand,
  GetInvalidationCommand,
  paginateListInvalidations,
  waitUntilDistributionDeployed,
  waitUntilInvalidationCompleted,
} from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

const invalidate = (DistributionId: string, CallerReference: string, ...Items: string[]) =>
  cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId,
      InvalidationBatch: { CallerReference, Paths: { Quantity: Items.length, Items } },
    }),
  );

const create = async () => (await createDistribution(cloudFront)).Distribution.Id!;

describe("an invalidation", () => {
  it("is in progress until it is in force everywhere; so is a new distribution", async () => {
    const id = await create();
    const { Invalidation, Location } = await invalidate(id, "first", "/index.html", "/images/*", "#Product:TV");
    expect(Invalidation).toMatchObject({
      Id: expect.stringMatching(/^I[0-9A-Z]{13}$/),
      Status: "InProgress",
      InvalidationBatch: { CallerReference: "first", Paths: { Items: ["/index.html", "/images/*", "#product:tv"] } },
    });
    expect(Location).toBe(`${verge.endpoint}/2020-05-31/distribution/${id}/invalidation/${Invalidation!.Id}`);
    const { Distribution } = await cloudFront.send(new GetDistributionCommand({ Id: id }));
    expect(Distribution).toMatchObject({ Status: "InProgress", InProgressInvalidationBatches: 1 });
    const waiting = { client: cloudFront, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };
    const waited = await Promise.all([
      waitUntilInvalidationCompleted(waiting, { DistributionId: id, Id: Invalidation!.Id! }),
      waitUntilDistributionDeployed(waiting, { Id: id }),
    ]);
    expect(waited.map(({ state }) => state)).toEqual(["SUCCESS", "SUCCESS"]);
    const after = await cloudFront.send(new GetDistributionCommand({ Id: id }));
    expect(after.Distribution).toMatchObject({ Status: "Deployed", InProgressInvalidationBatches: 0 });
  });

  it("happens once for a caller reference", async () => {
    const id = await create();
    const first = await invalidate(id, "same", "/a", "/b");
    expect((await invalidate(id, "same", "/b", "/a")).Invalidation!.Id).toBe(first.Invalidation!.Id);
    await expect(invalidate(id, "same", "/c")).rejects.toMatchObject({
      name: "InvalidArgument",
      message: expect.stringContaining("used for a previous invalidation batch"),
    });
  });

  it("belongs to its distribution", async () => {
    const [one, other] = [await create(), await create()];
    const { Invalidation } = await invalidate(one, "mine", "/*");
    await expect(
      cloudFront.send(new GetInvalidationCommand({ DistributionId: other, Id: Invalidation!.Id })),
    ).rejects.toMatchObject({ name: "NoSuchInvalidation" });
    await expect(invalidate("E0000000000000", "none", "/*")).rejects.toMatchObject({ name: "NoSuchDistribution" });
  });

  it("is listed from the newest, in pages", async () => {
    const id = await create();
    const ids: string[] = [];
    for (const reference of ["one", "two", "three"]) {
      ids.unshift((await invalidate(id, reference, "/*")).Invalidation!.Id!);
    }
    const listed: string[] = [];
    for await (const { InvalidationList } of paginateListInvalidations(
      { client: cloudFront, pageSize: 2 },
      { DistributionId: id },
    )) {
      listed.push(...(InvalidationList?.Items ?? []).map(({ Id }) => Id!));
    }
    expect(listed).toEqual(ids);
  });
});

it.each([
  ["no path", []],
  ["a wildcard in the middle", ["/a*b"]],
  ["a space", ["/a b"]],
  ["a tag with a comma", ["#a,b"]],
])("%s is no batch of paths", async (_, paths) => {
  await expect(invalidate(await create(), "wrong", ...paths)).rejects.toMatchObject({ name: "InvalidArgument" });
});

it("takes 3,000 paths and no more", async () => {
  const id = await create();
  const paths = Array.from({ length: 3_001 }, (_, n) => `/file-${n}`);
  await expect(invalidate(id, "many", ...paths)).rejects.toMatchObject({
    name: "BatchTooLarge",
    $metadata: { httpStatusCode: 413 },
  });
  await expect(invalidate(id, "fewer", ...paths.slice(1))).resolves.toBeDefined();
});
