import { generateKeyPairSync } from "node:crypto";
import {
  type CachePolicyConfig,
  type CloudFrontClient,
  CreateCachePolicyCommand,
  CreateCloudFrontOriginAccessIdentityCommand,
  CreateKeyGroupCommand,
  CreateOriginAccessControlCommand,
  CreateOriginRequestPolicyCommand,
  CreatePublicKeyCommand,
  CreateResponseHeadersPolicyCommand,
  DeleteCachePolicyCommand,
  DeleteCloudFrontOriginAccessIdentityCommand,
  DeleteKeyGroupCommand,
  DeleteOriginAccessControlCommand,
  DeleteOriginRequestPolicyCommand,
  DeletePublicKeyCommand,
  DeleteResponseHeadersPolicyCommand,
  GetCachePolicyCommand,
  GetCachePolicyConfigCommand,
  GetCloudFrontOriginAccessIdentityCommand,
  GetDistributionCommand,
  GetKeyGroupConfigCommand,
  GetOriginAccessControlConfigCommand,
  GetOriginRequestPolicyConfigCommand,
  GetPublicKeyCommand,
  GetResponseHeadersPolicyCommand,
  ListCachePoliciesCommand,
  ListCloudFrontOriginAccessIdentitiesCommand,
  ListKeyGroupsCommand,
  ListOriginAccessControlsCommand,
  ListOriginRequestPoliciesCommand,
  ListPublicKeysCommand,
  ListResponseHeadersPoliciesCommand,
  type OriginRequestPolicyConfig,
  type ResponseHeadersPolicyConfig,
  UpdateCachePolicyCommand,
  UpdateCloudFrontOriginAccessIdentityCommand,
  UpdateKeyGroupCommand,
  UpdateOriginAccessControlCommand,
  UpdateOriginRequestPolicyCommand,
  UpdatePublicKeyCommand,
  UpdateResponseHeadersPolicyCommand,
} from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CACHING_OPTIMIZED, createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

const cachePolicy: CachePolicyConfig = {
  Comment: "pages",
  Name: "pages",
  DefaultTTL: 60,
  MaxTTL: 600,
  MinTTL: 1,
  ParametersInCacheKeyAndForwardedToOrigin: {
    EnableAcceptEncodingGzip: true,
    EnableAcceptEncodingBrotli: true,
    HeadersConfig: { HeaderBehavior: "whitelist", Headers: { Quantity: 1, Items: ["Accept-Language"] } },
    CookiesConfig: { CookieBehavior: "allExcept", Cookies: { Quantity: 1, Items: ["session"] } },
    QueryStringsConfig: { QueryStringBehavior: "all" },
  },
};

describe("cache policies", () => {
  it("take Accept-Encoding for a header like any other where they have no codings", async () => {
    const policyWith = (coded: boolean): CachePolicyConfig => ({
      ...cachePolicy,
      Name: `codings-${coded}`,
      ParametersInCacheKeyAndForwardedToOrigin: {
        ...cachePolicy.ParametersInCacheKeyAndForwardedToOrigin!,
        EnableAcceptEncodingGzip: false,
        EnableAcceptEncodingBrotli: coded,
        HeadersConfig: { HeaderBehavior: "whitelist", Headers: { Quantity: 1, Items: ["Accept-Encoding"] } },
      },
    });
    const create = (coded: boolean) =>
      cloudFront.send(new CreateCachePolicyCommand({ CachePolicyConfig: policyWith(coded) }));
    await expect(create(true)).rejects.toThrow("contains Accept-Encoding that is not allowed");
    const { CachePolicy, ETag } = await create(false);
    await cloudFront.send(new DeleteCachePolicyCommand({ Id: CachePolicy!.Id!, IfMatch: ETag }));
  });

  it("live through everything", async () => {
    const created = await cloudFront.send(new CreateCachePolicyCommand({ CachePolicyConfig: cachePolicy }));
    const Id = created.CachePolicy!.Id!;
    expect(created.CachePolicy!.CachePolicyConfig).toEqual(cachePolicy);
    const read = await cloudFront.send(new GetCachePolicyConfigCommand({ Id }));
    expect(read).toMatchObject({ ETag: created.ETag, CachePolicyConfig: cachePolicy });
    const changed = await cloudFront.send(
      new UpdateCachePolicyCommand({ Id, IfMatch: read.ETag, CachePolicyConfig: { ...cachePolicy, MinTTL: 2 } }),
    );
    expect(changed.ETag).not.toBe(created.ETag);
    await expect(
      cloudFront.send(new UpdateCachePolicyCommand({ Id, IfMatch: created.ETag, CachePolicyConfig: cachePolicy })),
    ).rejects.toMatchObject({ name: "PreconditionFailed" });
    await expect(
      cloudFront.send(new CreateCachePolicyCommand({ CachePolicyConfig: cachePolicy })),
    ).rejects.toMatchObject({ name: "CachePolicyAlreadyExists" });
    await cloudFront.send(new DeleteCachePolicyCommand({ Id, IfMatch: changed.ETag }));
    await expect(cloudFront.send(new GetCachePolicyCommand({ Id }))).rejects.toMatchObject({
      name: "NoSuchCachePolicy",
    });
  });

  it("stay while a distribution uses them", async () => {
    const { CachePolicy, ETag } = await cloudFront.send(
      new CreateCachePolicyCommand({ CachePolicyConfig: { ...cachePolicy, Name: "used" } }),
    );
    const behavior = { TargetOriginId: "origin", ViewerProtocolPolicy: "allow-all" } as const;
    await createDistribution(cloudFront, { DefaultCacheBehavior: { ...behavior, CachePolicyId: CachePolicy!.Id } });
    await expect(
      cloudFront.send(new DeleteCachePolicyCommand({ Id: CachePolicy!.Id, IfMatch: ETag })),
    ).rejects.toMatchObject({ name: "CachePolicyInUse", $metadata: { httpStatusCode: 409 } });
    await expect(
      createDistribution(cloudFront, { DefaultCacheBehavior: { ...behavior, CachePolicyId: crypto.randomUUID() } }),
    ).rejects.toMatchObject({ name: "NoSuchCachePolicy", $metadata: { httpStatusCode: 404 } });
  });

  it("by AWS are read like others, and never changed", async () => {
    const { CachePolicy, ETag } = await cloudFront.send(new GetCachePolicyCommand({ Id: CACHING_OPTIMIZED }));
    expect(CachePolicy!.CachePolicyConfig).toMatchObject({ Name: "Managed-CachingOptimized", MinTTL: 1 });
    await expect(
      cloudFront.send(new DeleteCachePolicyCommand({ Id: CACHING_OPTIMIZED, IfMatch: ETag })),
    ).rejects.toMatchObject({ name: "IllegalDelete" });
  });

  it("are listed by type, in pages", async () => {
    const managed = await cloudFront.send(new ListCachePoliciesCommand({ Type: "managed" }));
    expect(managed.CachePolicyList!.Items).toHaveLength(7);
    expect(managed.CachePolicyList!.Items!.every(({ Type }) => Type === "managed")).toBe(true);
    const custom = await cloudFront.send(new ListCachePoliciesCommand({ Type: "custom" }));
    const names: string[] = [];
    for (let Marker: string | undefined, first = true; first || Marker; first = false) {
      const { CachePolicyList } = await cloudFront.send(new ListCachePoliciesCommand({ Marker, MaxItems: 3 }));
      names.push(...CachePolicyList!.Items!.map(({ CachePolicy }) => CachePolicy!.CachePolicyConfig!.Name!));
      Marker = CachePolicyList!.NextMarker;
    }
    const expected = [...managed.CachePolicyList!.Items!, ...(custom.CachePolicyList!.Items ?? [])];
    expect(names).toEqual(expected.map(({ CachePolicy }) => CachePolicy!.CachePolicyConfig!.Name));
  });

  it.each<[string, Partial<CachePolicyConfig>]>([
    ["a maximum below the minimum", { MinTTL: 10, DefaultTTL: 10, MaxTTL: 5 }],
    ["a name with spaces", { Name: "two words" }],
  ])("are refused with %s", async (_, wrong) => {
    await expect(
      cloudFront.send(new CreateCachePolicyCommand({ CachePolicyConfig: { ...cachePolicy, ...wrong } })),
    ).rejects.toMatchObject({ name: "InvalidArgument" });
  });
});

it("origin request policies live through everything", async () => {
  const config: OriginRequestPolicyConfig = {
    Comment: "",
    Name: "everything",
    HeadersConfig: { HeaderBehavior: "allExcept", Headers: { Quantity: 1, Items: ["Host"] } },
    CookiesConfig: { CookieBehavior: "none" },
    QueryStringsConfig: { QueryStringBehavior: "whitelist", QueryStrings: { Quantity: 1, Items: ["q"] } },
  };
  const { OriginRequestPolicy, ETag } = await cloudFront.send(
    new CreateOriginRequestPolicyCommand({ OriginRequestPolicyConfig: config }),
  );
  const Id = OriginRequestPolicy!.Id!;
  const changed = { ...config, CookiesConfig: { CookieBehavior: "all" } } as const;
  const { ETag: next } = await cloudFront.send(
    new UpdateOriginRequestPolicyCommand({ Id, IfMatch: ETag, OriginRequestPolicyConfig: changed }),
  );
  const read = await cloudFront.send(new GetOriginRequestPolicyConfigCommand({ Id }));
  expect(read).toMatchObject({ ETag: next, OriginRequestPolicyConfig: changed });
  const { OriginRequestPolicyList } = await cloudFront.send(new ListOriginRequestPoliciesCommand({ Type: "custom" }));
  expect(OriginRequestPolicyList).toMatchObject({ Quantity: 1, Items: [{ Type: "custom" }] });
  await cloudFront.send(new DeleteOriginRequestPolicyCommand({ Id, IfMatch: next }));
});

it("response headers policies live through everything", async () => {
  const config: ResponseHeadersPolicyConfig = {
    Comment: "",
    Name: "careful",
    CorsConfig: {
      AccessControlAllowOrigins: { Quantity: 1, Items: ["https://*.example.com"] },
      AccessControlAllowHeaders: { Quantity: 1, Items: ["*"] },
      AccessControlAllowMethods: { Quantity: 2, Items: ["GET", "PUT"] },
      AccessControlAllowCredentials: false,
      AccessControlExposeHeaders: { Quantity: 0 },
      AccessControlMaxAgeSec: 600,
      OriginOverride: true,
    },
    SecurityHeadersConfig: {
      XSSProtection: { Override: true, Protection: true, ModeBlock: true },
      FrameOptions: { Override: true, FrameOption: "DENY" },
      ReferrerPolicy: { Override: false, ReferrerPolicy: "same-origin" },
      ContentSecurityPolicy: { Override: true, ContentSecurityPolicy: "default-src 'self'" },
      ContentTypeOptions: { Override: true },
      StrictTransportSecurity: { Override: true, IncludeSubdomains: true, Preload: false, AccessControlMaxAgeSec: 60 },
    },
    ServerTimingHeadersConfig: { Enabled: true, SamplingRate: 12.5 },
    CustomHeadersConfig: { Quantity: 1, Items: [{ Header: "X-Robots-Tag", Value: "noindex", Override: true }] },
    RemoveHeadersConfig: { Quantity: 1, Items: [{ Header: "Server" }] },
  };
  const { ResponseHeadersPolicy, ETag } = await cloudFront.send(
    new CreateResponseHeadersPolicyCommand({ ResponseHeadersPolicyConfig: config }),
  );
  const Id = ResponseHeadersPolicy!.Id!;
  const read = await cloudFront.send(new GetResponseHeadersPolicyCommand({ Id }));
  expect(read.ResponseHeadersPolicy!.ResponseHeadersPolicyConfig).toEqual(config);
  const { ETag: next } = await cloudFront.send(
    new UpdateResponseHeadersPolicyCommand({ Id, IfMatch: ETag, ResponseHeadersPolicyConfig: config }),
  );
  const { ResponseHeadersPolicyList } = await cloudFront.send(new ListResponseHeadersPoliciesCommand({}));
  expect(ResponseHeadersPolicyList).toMatchObject({ Quantity: 6 });
  await cloudFront.send(new DeleteResponseHeadersPolicyCommand({ Id, IfMatch: next }));
});

it("origin access controls live through everything", async () => {
  const config = {
    Name: "bucket",
    Description: "",
    SigningProtocol: "sigv4",
    SigningBehavior: "always",
    OriginAccessControlOriginType: "s3",
  } as const;
  const { OriginAccessControl, ETag } = await cloudFront.send(
    new CreateOriginAccessControlCommand({ OriginAccessControlConfig: config }),
  );
  const Id = OriginAccessControl!.Id!;
  const changed = { ...config, SigningBehavior: "no-override" } as const;
  const { ETag: next } = await cloudFront.send(
    new UpdateOriginAccessControlCommand({ Id, IfMatch: ETag, OriginAccessControlConfig: changed }),
  );
  const read = await cloudFront.send(new GetOriginAccessControlConfigCommand({ Id }));
  expect(read.OriginAccessControlConfig).toEqual(changed);
  const { OriginAccessControlList } = await cloudFront.send(new ListOriginAccessControlsCommand({}));
  expect(OriginAccessControlList).toMatchObject({ IsTruncated: false, Quantity: 1, Items: [{ Id, ...changed }] });
  await cloudFront.send(new DeleteOriginAccessControlCommand({ Id, IfMatch: next }));
});

it("origin access identities live through everything", async () => {
  const config = { CallerReference: "identity", Comment: "old way" };
  const command = new CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig: config });
  const { CloudFrontOriginAccessIdentity: identity, ETag } = await cloudFront.send(command);
  const Id = identity!.Id!;
  expect(identity!.S3CanonicalUserId).toMatch(/^[0-9a-f]{96}$/);
  expect((await cloudFront.send(command)).CloudFrontOriginAccessIdentity!.Id).toBe(Id);
  const { ETag: next } = await cloudFront.send(
    new UpdateCloudFrontOriginAccessIdentityCommand({
      Id,
      IfMatch: ETag,
      CloudFrontOriginAccessIdentityConfig: { ...config, Comment: "newer" },
    }),
  );
  const read = await cloudFront.send(new GetCloudFrontOriginAccessIdentityCommand({ Id }));
  expect(read.CloudFrontOriginAccessIdentity!.CloudFrontOriginAccessIdentityConfig!.Comment).toBe("newer");
  const { CloudFrontOriginAccessIdentityList: list } = await cloudFront.send(
    new ListCloudFrontOriginAccessIdentitiesCommand({}),
  );
  expect(list).toMatchObject({ Quantity: 1, Items: [{ Id, Comment: "newer" }] });
  await cloudFront.send(new DeleteCloudFrontOriginAccessIdentityCommand({ Id, IfMatch: next }));
});

describe("public keys and key groups", () => {
  const pem = (bits = 2_048) =>
    generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({ type: "spki", format: "pem" }) as string;
  const createKey = (Name: string, EncodedKey = pem()) =>
    cloudFront.send(
      new CreatePublicKeyCommand({ PublicKeyConfig: { CallerReference: Name, Name, EncodedKey, Comment: "" } }),
    );

  it("live through everything", async () => {
    const { PublicKey, ETag } = await createKey("signer");
    const Id = PublicKey!.Id!;
    const config = { Name: "signers", Items: [Id], Comment: "" };
    const group = await cloudFront.send(new CreateKeyGroupCommand({ KeyGroupConfig: config }));
    await expect(cloudFront.send(new DeletePublicKeyCommand({ Id, IfMatch: ETag }))).rejects.toMatchObject({
      name: "PublicKeyInUse",
    });
    const groupId = group.KeyGroup!.Id!;
    const { Distribution } = await createDistribution(cloudFront, {
      DefaultCacheBehavior: {
        TargetOriginId: "origin",
        ViewerProtocolPolicy: "allow-all",
        CachePolicyId: CACHING_OPTIMIZED,
        TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: [groupId] },
      },
    });
    const read = await cloudFront.send(new GetDistributionCommand({ Id: Distribution.Id }));
    expect(read.Distribution!.ActiveTrustedKeyGroups).toEqual({
      Enabled: true,
      Quantity: 1,
      Items: [{ KeyGroupId: groupId, KeyPairIds: { Quantity: 1, Items: [Id] } }],
    });
    const changed = await cloudFront.send(
      new UpdateKeyGroupCommand({ Id: groupId, IfMatch: group.ETag, KeyGroupConfig: { ...config, Comment: "ours" } }),
    );
    expect((await cloudFront.send(new GetKeyGroupConfigCommand({ Id: groupId }))).KeyGroupConfig!.Comment).toBe("ours");
    await expect(
      cloudFront.send(new DeleteKeyGroupCommand({ Id: groupId, IfMatch: changed.ETag })),
    ).rejects.toMatchObject({ name: "ResourceInUse" });
    const { KeyGroupList } = await cloudFront.send(new ListKeyGroupsCommand({}));
    expect(KeyGroupList).toMatchObject({ Quantity: 1, Items: [{ KeyGroup: { Id: groupId } }] });
  });

  it("have contents that never change", async () => {
    const { PublicKey, ETag } = await createKey("fixed");
    const Id = PublicKey!.Id!;
    const config = PublicKey!.PublicKeyConfig!;
    await expect(
      cloudFront.send(
        new UpdatePublicKeyCommand({ Id, IfMatch: ETag, PublicKeyConfig: { ...config, EncodedKey: pem() } }),
      ),
    ).rejects.toMatchObject({ name: "CannotChangeImmutablePublicKeyFields" });
    const { ETag: next } = await cloudFront.send(
      new UpdatePublicKeyCommand({ Id, IfMatch: ETag, PublicKeyConfig: { ...config, Comment: "mine" } }),
    );
    expect((await cloudFront.send(new GetPublicKeyCommand({ Id }))).PublicKey!.PublicKeyConfig!.Comment).toBe("mine");
    await cloudFront.send(new DeletePublicKeyCommand({ Id, IfMatch: next }));
    const { PublicKeyList } = await cloudFront.send(new ListPublicKeysCommand({}));
    expect(PublicKeyList!.Items!.map(({ Name }) => Name)).toEqual(["signer"]);
  });

  it("are of the kinds that CloudFront takes", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await expect(
      createKey("curve", publicKey.export({ type: "spki", format: "pem" }) as string),
    ).resolves.toBeDefined();
    await expect(createKey("short", pem(1_024))).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(createKey("none", "not a key")).rejects.toMatchObject({ name: "InvalidArgument" });
  });
});
