import { request as httpRequest } from "node:http";
import { CreateInvalidationCommand, UpdateDistributionCommand } from "@aws-sdk/client-cloudfront";
import { expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";

const cdn = useCdn();

/** Asks under a host that the machine cannot look up. */
function askHost(
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(cdn.verge.endpoint);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, headers: { host, ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

test("what the API changes is in force where it was changed when it answers", async () => {
  const cloudFront = createCloudFrontClient(cdn.verge);
  let count = 0;
  cdn.origin.answer = (_request, response) => {
    response.writeHead(200, { "cache-control": "max-age=600" }).end(String(++count));
  };
  const origin = {
    Id: "origin",
    DomainName: "127.0.0.1",
    CustomOriginConfig: { HTTPPort: cdn.origin.port, HTTPSPort: 443, OriginProtocolPolicy: "http-only" as const },
  };
  const config = { Origins: { Quantity: 1, Items: [origin] }, Aliases: { Quantity: 1, Items: ["shop.example.com"] } };
  const { Distribution, ETag } = await createDistribution(cloudFront, config);
  const { Id = "", DomainName = "", DistributionConfig } = Distribution;
  const url = `${cdn.verge.endpoint}/_cdn/${Id}`;
  const plain = { headers: { "accept-encoding": "identity" } };

  expect((await askHost("shop.example.com", "/page")).text).toBe("1");
  expect((await askHost(DomainName, "/page")).text).toBe("1");
  // Whoever claims the host of an API for a distribution gets nothing of what is signed for the API.
  const authorization = "AWS4-HMAC-SHA256 Credential=NOBODY/20261122/us-east-1/s3/aws4_request, SignedHeaders=host";
  expect((await askHost("shop.example.com", "/page", { authorization })).text).toContain("<Error>");
  expect(await ask(`${url}/page`, plain)).toMatchObject({ text: "1", from: "Hit" });

  const Paths = { Quantity: 1, Items: ["/page"] };
  await cloudFront.send(
    new CreateInvalidationCommand({ DistributionId: Id, InvalidationBatch: { CallerReference: "1", Paths } }),
  );
  expect(await ask(`${url}/page`, plain)).toMatchObject({ text: "2", from: "Miss" });

  const disabled = { ...DistributionConfig!, Enabled: false, Aliases: { Quantity: 0 } };
  await cloudFront.send(new UpdateDistributionCommand({ Id, IfMatch: ETag, DistributionConfig: disabled }));
  expect((await ask(`${url}/page`, plain)).status).toBe(403);
  expect((await askHost("shop.example.com", "/page")).text).not.toBe("2");
});
