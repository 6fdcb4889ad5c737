import { CloudFrontClient, CreateDistributionCommand } from "@aws-sdk/client-cloudfront";
import type { CloudFrontClientConfig, Distribution, DistributionConfig } from "@aws-sdk/client-cloudfront";
import type { Verge } from "./server.ts";

/** The official SDK as root of `verge`, without retries, so that the first answer is the one a test sees. */
export function createCloudFrontClient(verge: Verge, config: CloudFrontClientConfig = {}): CloudFrontClient {
  return new CloudFrontClient({
    endpoint: verge.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey },
    maxAttempts: 1,
    ...config,
  });
}

export const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";

let made = 0;

/** What CreateDistribution needs at least, for one custom origin. */
export function describeDistribution(changes: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    CallerReference: `reference-${++made}`,
    Comment: "",
    Enabled: true,
    Origins: {
      Quantity: 1,
      Items: [
        {
          Id: "origin",
          DomainName: "origin.example.com",
          CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: "http-only" },
        },
      ],
    },
    DefaultCacheBehavior: {
      TargetOriginId: "origin",
      ViewerProtocolPolicy: "allow-all",
      CachePolicyId: CACHING_OPTIMIZED,
    },
    ...changes,
  };
}

export interface CreatedDistribution {
  readonly ETag: string;
  readonly Location: string;
  readonly Distribution: Distribution;
}

/** Creates one, and answers it with its version. */
export async function createDistribution(
  cloudFront: CloudFrontClient,
  changes: Partial<DistributionConfig> = {},
): Promise<CreatedDistribution> {
  const { ETag, Distribution, Location } = await cloudFront.send(
    new CreateDistributionCommand({ DistributionConfig: describeDistribution(changes) }),
  );
  if (!ETag || !Distribution || !Location) throw new Error("CreateDistribution answered less than it should");
  return { ETag, Distribution, Location };
}
