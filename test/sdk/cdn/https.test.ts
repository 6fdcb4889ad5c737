import { expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeBehavior, describeCachePolicy } from "../../support/distribution.ts";

/** On a laptop, or where TLS ends in front of the deployment. */
const cdn = useCdn({ settings: { VERGE_CDN_PROTOCOL: "https" } });

test.each(["redirect-to-https", "https-only"] as const)(
  "viewers count as having come by HTTPS where the deployment says so: %s",
  async (ViewerProtocolPolicy) => {
    const { url } = await cdn.install(
      ({ headers }, response) => void response.end(headers["x-forwarded-proto"]),
      { DefaultCacheBehavior: describeBehavior({ ViewerProtocolPolicy, CachePolicyId: "off" }) },
      { cachePolicies: { off: describeCachePolicy({ MaxTTL: 0 }) } },
    );
    expect(await ask(`${url}/a`)).toMatchObject({ status: 200, text: "https" });
  },
);
