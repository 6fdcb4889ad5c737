import { ListDistributionsCommand, GetDistributionCommand } from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { signedFetch, type SignedRequest } from "../../support/signed-fetch.ts";
import { awaitRecords } from "../../support/trail.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_REGION: "eu-north-1" } });
});
afterAll(() => verge.stop());

const DISTRIBUTIONS = "/2020-05-31/distribution";
const scope = { service: "cloudfront", region: "us-east-1" };
const send = (request: SignedRequest) => signedFetch(verge, { scope, ...request });
const post = (body: string) => send({ method: "POST", target: DISTRIBUTIONS, body });

describe("a document", () => {
  it.each([
    ["nothing", "", "MissingBody"],
    ["no XML", "{}", "MalformedXML"],
    ["another root", "<Distribution/>", "MalformedXML"],
    ["an empty one", "<DistributionConfig/>", "MalformedXML"],
    ["a document type", "<!DOCTYPE a><DistributionConfig/>", "MalformedXML"],
  ])("that is %s", async (_, body, code) => {
    expect(await post(body)).toMatchObject({ status: 400, code });
  });

  it("is answered in CloudFront's words", async () => {
    const { text, headers } = await post("<DistributionConfig><Comment/></DistributionConfig>");
    expect(headers.get("content-type")).toBe("text/xml");
    const id = headers.get("x-amzn-requestid");
    expect(text).toContain(
      '<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type>',
    );
    expect(text).toContain("Value null at 'distributionConfig.callerReference' failed to satisfy constraint");
    expect(text).toContain(`</Error><RequestId>${id}</RequestId>`);
  });

  it("is bounded", async () => {
    expect(await post(`<DistributionConfig>${" ".repeat(2 ** 21)}</DistributionConfig>`)).toMatchObject({
      status: 413,
    });
  });
});

describe("a signature", () => {
  it("may be for any region: the service is the whole world's", async () => {
    for (const region of ["us-east-1", "eu-north-1", "eu-west-1"]) {
      const client = createCloudFrontClient(verge, { region });
      expect((await client.send(new ListDistributionsCommand({}))).DistributionList).toMatchObject({ Quantity: 0 });
    }
  });

  it("must be right", async () => {
    const credentials = { accessKeyId: verge.accessKeyId, secretAccessKey: "another" };
    expect(await send({ target: DISTRIBUTIONS, credentials })).toMatchObject({
      status: 403,
      code: "SignatureDoesNotMatch",
    });
  });
});

it("an operation that is not there is named, one that nobody knows is not", async () => {
  expect(await send({ target: "/2020-05-31/trust-store/a" })).toMatchObject({
    status: 400,
    code: "UnsupportedOperation",
    message: "This version of Verge does not implement GetTrustStore.",
  });
  expect(await send({ target: "/2020-05-31/nothing" })).toMatchObject({ status: 404, code: "InvalidAction" });
});

it("another account sees nothing of a distribution", async () => {
  const { Distribution } = await createDistribution(createCloudFrontClient(verge));
  const { key } = await callVerge<{ key: { accessKeyId: string; secretAccessKey: string } }>(
    verge,
    "POST",
    "/accounts",
    {
      name: "other",
    },
  );
  const other = createCloudFrontClient(verge, { credentials: key });
  await expect(other.send(new GetDistributionCommand({ Id: Distribution.Id }))).rejects.toMatchObject({
    name: "NoSuchDistribution",
  });
  expect((await other.send(new ListDistributionsCommand({}))).DistributionList!.Items).toBeUndefined();
});

it("changes leave records, refused ones too", async () => {
  const { Distribution } = await createDistribution(createCloudFrontClient(verge));
  await post("<DistributionConfig/>");
  const [refused, made] = await awaitRecords(verge, "CreateDistribution", 2);
  expect(refused).toMatchObject({ errorCode: "MalformedXML", responseElements: null });
  expect(made).toMatchObject({ responseElements: { distributionId: Distribution.Id } });
});
