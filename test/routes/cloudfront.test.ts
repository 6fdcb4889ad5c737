import { describe, expect, test } from "vitest";
import { cdnOperations } from "../../src/cdn/control/operations.ts";
import { matchCdnOperation } from "../../src/cdn/control/service.ts";
import { resolveAddress } from "../../src/gateway/address.ts";
import { ServiceError } from "../../src/lib/errors.ts";
import { Query } from "../../src/lib/query.ts";

/** Requests as the official SDK sends them: `METHOD path?query → operation`. */
const SDK_REQUESTS = [
  "PUT /2020-05-31/distribution/EID/associate-alias?Alias=x → AssociateAlias",
  "PUT /2020-05-31/distribution-tenant/EID/associate-web-acl → AssociateDistributionTenantWebACL",
  "PUT /2020-05-31/distribution/EID/associate-web-acl → AssociateDistributionWebACL",
  "POST /2020-05-31/distribution/EID/copy → CopyDistribution",
  "POST /2020-05-31/anycast-ip-list → CreateAnycastIpList",
  "POST /2020-05-31/cache-policy → CreateCachePolicy",
  "POST /2020-05-31/origin-access-identity/cloudfront → CreateCloudFrontOriginAccessIdentity",
  "POST /2020-05-31/connection-function → CreateConnectionFunction",
  "POST /2020-05-31/connection-group → CreateConnectionGroup",
  "POST /2020-05-31/continuous-deployment-policy → CreateContinuousDeploymentPolicy",
  "POST /2020-05-31/distribution → CreateDistribution",
  "POST /2020-05-31/distribution-tenant → CreateDistributionTenant",
  "POST /2020-05-31/distribution?WithTags → CreateDistributionWithTags",
  "POST /2020-05-31/field-level-encryption → CreateFieldLevelEncryptionConfig",
  "POST /2020-05-31/field-level-encryption-profile → CreateFieldLevelEncryptionProfile",
  "POST /2020-05-31/function → CreateFunction",
  "POST /2020-05-31/distribution/EID/invalidation → CreateInvalidation",
  "POST /2020-05-31/distribution-tenant/EID/invalidation → CreateInvalidationForDistributionTenant",
  "POST /2020-05-31/key-group → CreateKeyGroup",
  "POST /2020-05-31/key-value-store → CreateKeyValueStore",
  "POST /2020-05-31/distributions/EID/monitoring-subscription → CreateMonitoringSubscription",
  "POST /2020-05-31/origin-access-control → CreateOriginAccessControl",
  "POST /2020-05-31/origin-request-policy → CreateOriginRequestPolicy",
  "POST /2020-05-31/public-key → CreatePublicKey",
  "POST /2020-05-31/realtime-log-config → CreateRealtimeLogConfig",
  "POST /2020-05-31/response-headers-policy → CreateResponseHeadersPolicy",
  "POST /2020-05-31/streaming-distribution → CreateStreamingDistribution",
  "POST /2020-05-31/streaming-distribution?WithTags → CreateStreamingDistributionWithTags",
  "POST /2020-05-31/trust-store → CreateTrustStore",
  "POST /2020-05-31/vpc-origin → CreateVpcOrigin",
  "DELETE /2020-05-31/anycast-ip-list/EID → DeleteAnycastIpList",
  "DELETE /2020-05-31/cache-policy/EID → DeleteCachePolicy",
  "DELETE /2020-05-31/origin-access-identity/cloudfront/EID → DeleteCloudFrontOriginAccessIdentity",
  "DELETE /2020-05-31/connection-function/EID → DeleteConnectionFunction",
  "DELETE /2020-05-31/connection-group/EID → DeleteConnectionGroup",
  "DELETE /2020-05-31/continuous-deployment-policy/EID → DeleteContinuousDeploymentPolicy",
  "DELETE /2020-05-31/distribution/EID → DeleteDistribution",
  "DELETE /2020-05-31/distribution-tenant/EID → DeleteDistributionTenant",
  "DELETE /2020-05-31/field-level-encryption/EID → DeleteFieldLevelEncryptionConfig",
  "DELETE /2020-05-31/field-level-encryption-profile/EID → DeleteFieldLevelEncryptionProfile",
  "DELETE /2020-05-31/function/f → DeleteFunction",
  "DELETE /2020-05-31/key-group/EID → DeleteKeyGroup",
  "DELETE /2020-05-31/key-value-store/f → DeleteKeyValueStore",
  "DELETE /2020-05-31/distributions/EID/monitoring-subscription → DeleteMonitoringSubscription",
  "DELETE /2020-05-31/origin-access-control/EID → DeleteOriginAccessControl",
  "DELETE /2020-05-31/origin-request-policy/EID → DeleteOriginRequestPolicy",
  "DELETE /2020-05-31/public-key/EID → DeletePublicKey",
  "POST /2020-05-31/delete-realtime-log-config → DeleteRealtimeLogConfig",
  "POST /2020-05-31/delete-resource-policy → DeleteResourcePolicy",
  "DELETE /2020-05-31/response-headers-policy/EID → DeleteResponseHeadersPolicy",
  "DELETE /2020-05-31/streaming-distribution/EID → DeleteStreamingDistribution",
  "DELETE /2020-05-31/trust-store/EID → DeleteTrustStore",
  "DELETE /2020-05-31/vpc-origin/EID → DeleteVpcOrigin",
  "GET /2020-05-31/connection-function/EID/describe → DescribeConnectionFunction",
  "GET /2020-05-31/function/f/describe → DescribeFunction",
  "GET /2020-05-31/key-value-store/f → DescribeKeyValueStore",
  "PUT /2020-05-31/distribution-tenant/EID/disassociate-web-acl → DisassociateDistributionTenantWebACL",
  "PUT /2020-05-31/distribution/EID/disassociate-web-acl → DisassociateDistributionWebACL",
  "GET /2020-05-31/anycast-ip-list/EID → GetAnycastIpList",
  "GET /2020-05-31/cache-policy/EID → GetCachePolicy",
  "GET /2020-05-31/cache-policy/EID/config → GetCachePolicyConfig",
  "GET /2020-05-31/origin-access-identity/cloudfront/EID → GetCloudFrontOriginAccessIdentity",
  "GET /2020-05-31/origin-access-identity/cloudfront/EID/config → GetCloudFrontOriginAccessIdentityConfig",
  "GET /2020-05-31/connection-function/EID → GetConnectionFunction",
  "GET /2020-05-31/connection-group/EID → GetConnectionGroup",
  "GET /2020-05-31/connection-group?RoutingEndpoint=x → GetConnectionGroupByRoutingEndpoint",
  "GET /2020-05-31/continuous-deployment-policy/EID → GetContinuousDeploymentPolicy",
  "GET /2020-05-31/continuous-deployment-policy/EID/config → GetContinuousDeploymentPolicyConfig",
  "GET /2020-05-31/distribution/EID → GetDistribution",
  "GET /2020-05-31/distribution/EID/config → GetDistributionConfig",
  "GET /2020-05-31/distribution-tenant/EID → GetDistributionTenant",
  "GET /2020-05-31/distribution-tenant?domain=x → GetDistributionTenantByDomain",
  "GET /2020-05-31/field-level-encryption/EID → GetFieldLevelEncryption",
  "GET /2020-05-31/field-level-encryption/EID/config → GetFieldLevelEncryptionConfig",
  "GET /2020-05-31/field-level-encryption-profile/EID → GetFieldLevelEncryptionProfile",
  "GET /2020-05-31/field-level-encryption-profile/EID/config → GetFieldLevelEncryptionProfileConfig",
  "GET /2020-05-31/function/f → GetFunction",
  "GET /2020-05-31/distribution/EID/invalidation/EID → GetInvalidation",
  "GET /2020-05-31/distribution-tenant/EID/invalidation/EID → GetInvalidationForDistributionTenant",
  "GET /2020-05-31/key-group/EID → GetKeyGroup",
  "GET /2020-05-31/key-group/EID/config → GetKeyGroupConfig",
  "GET /2020-05-31/managed-certificate/EID → GetManagedCertificateDetails",
  "GET /2020-05-31/distributions/EID/monitoring-subscription → GetMonitoringSubscription",
  "GET /2020-05-31/origin-access-control/EID → GetOriginAccessControl",
  "GET /2020-05-31/origin-access-control/EID/config → GetOriginAccessControlConfig",
  "GET /2020-05-31/origin-request-policy/EID → GetOriginRequestPolicy",
  "GET /2020-05-31/origin-request-policy/EID/config → GetOriginRequestPolicyConfig",
  "GET /2020-05-31/public-key/EID → GetPublicKey",
  "GET /2020-05-31/public-key/EID/config → GetPublicKeyConfig",
  "POST /2020-05-31/get-realtime-log-config → GetRealtimeLogConfig",
  "POST /2020-05-31/get-resource-policy → GetResourcePolicy",
  "GET /2020-05-31/response-headers-policy/EID → GetResponseHeadersPolicy",
  "GET /2020-05-31/response-headers-policy/EID/config → GetResponseHeadersPolicyConfig",
  "GET /2020-05-31/streaming-distribution/EID → GetStreamingDistribution",
  "GET /2020-05-31/streaming-distribution/EID/config → GetStreamingDistributionConfig",
  "GET /2020-05-31/trust-store/EID → GetTrustStore",
  "GET /2020-05-31/vpc-origin/EID → GetVpcOrigin",
  "GET /2020-05-31/anycast-ip-list → ListAnycastIpLists",
  "GET /2020-05-31/cache-policy → ListCachePolicies",
  "GET /2020-05-31/origin-access-identity/cloudfront → ListCloudFrontOriginAccessIdentities",
  "GET /2020-05-31/conflicting-alias?DistributionId=x&Alias=x → ListConflictingAliases",
  "POST /2020-05-31/connection-functions → ListConnectionFunctions",
  "POST /2020-05-31/connection-groups → ListConnectionGroups",
  "GET /2020-05-31/continuous-deployment-policy → ListContinuousDeploymentPolicies",
  "POST /2020-05-31/distribution-tenants → ListDistributionTenants",
  "POST /2020-05-31/distribution-tenants-by-customization → ListDistributionTenantsByCustomization",
  "GET /2020-05-31/distribution → ListDistributions",
  "GET /2020-05-31/distributionsByAnycastIpListId/EID → ListDistributionsByAnycastIpListId",
  "GET /2020-05-31/distributionsByCachePolicyId/EID → ListDistributionsByCachePolicyId",
  "GET /2020-05-31/distributionsByConnectionFunction?ConnectionFunctionIdentifier=x → ListDistributionsByConnectionFunction",
  "GET /2020-05-31/distributionsByConnectionMode/EID → ListDistributionsByConnectionMode",
  "GET /2020-05-31/distributionsByKeyGroupId/EID → ListDistributionsByKeyGroup",
  "GET /2020-05-31/distributionsByOriginRequestPolicyId/EID → ListDistributionsByOriginRequestPolicyId",
  "GET /2020-05-31/distributionsByOwnedResource/EID → ListDistributionsByOwnedResource",
  "POST /2020-05-31/distributionsByRealtimeLogConfig → ListDistributionsByRealtimeLogConfig",
  "GET /2020-05-31/distributionsByResponseHeadersPolicyId/EID → ListDistributionsByResponseHeadersPolicyId",
  "GET /2020-05-31/distributionsByTrustStore?TrustStoreIdentifier=x → ListDistributionsByTrustStore",
  "GET /2020-05-31/distributionsByVpcOriginId/EID → ListDistributionsByVpcOriginId",
  "GET /2020-05-31/distributionsByWebACLId/EID → ListDistributionsByWebACLId",
  "POST /2020-05-31/domain-conflicts → ListDomainConflicts",
  "GET /2020-05-31/field-level-encryption → ListFieldLevelEncryptionConfigs",
  "GET /2020-05-31/field-level-encryption-profile → ListFieldLevelEncryptionProfiles",
  "GET /2020-05-31/function → ListFunctions",
  "GET /2020-05-31/distribution/EID/invalidation → ListInvalidations",
  "GET /2020-05-31/distribution-tenant/EID/invalidation → ListInvalidationsForDistributionTenant",
  "GET /2020-05-31/key-group → ListKeyGroups",
  "GET /2020-05-31/key-value-store → ListKeyValueStores",
  "GET /2020-05-31/origin-access-control → ListOriginAccessControls",
  "GET /2020-05-31/origin-request-policy → ListOriginRequestPolicies",
  "GET /2020-05-31/public-key → ListPublicKeys",
  "GET /2020-05-31/realtime-log-config → ListRealtimeLogConfigs",
  "GET /2020-05-31/response-headers-policy → ListResponseHeadersPolicies",
  "GET /2020-05-31/streaming-distribution → ListStreamingDistributions",
  "GET /2020-05-31/tagging?Resource=x → ListTagsForResource",
  "POST /2020-05-31/trust-stores → ListTrustStores",
  "GET /2020-05-31/vpc-origin → ListVpcOrigins",
  "POST /2020-05-31/connection-function/EID/publish → PublishConnectionFunction",
  "POST /2020-05-31/function/f/publish → PublishFunction",
  "POST /2020-05-31/put-resource-policy → PutResourcePolicy",
  "POST /2020-05-31/tagging?Operation=Tag&Resource=x → TagResource",
  "POST /2020-05-31/connection-function/EID/test → TestConnectionFunction",
  "POST /2020-05-31/function/f/test → TestFunction",
  "POST /2020-05-31/tagging?Operation=Untag&Resource=x → UntagResource",
  "PUT /2020-05-31/anycast-ip-list/EID → UpdateAnycastIpList",
  "PUT /2020-05-31/cache-policy/EID → UpdateCachePolicy",
  "PUT /2020-05-31/origin-access-identity/cloudfront/EID/config → UpdateCloudFrontOriginAccessIdentity",
  "PUT /2020-05-31/connection-function/EID → UpdateConnectionFunction",
  "PUT /2020-05-31/connection-group/EID → UpdateConnectionGroup",
  "PUT /2020-05-31/continuous-deployment-policy/EID → UpdateContinuousDeploymentPolicy",
  "PUT /2020-05-31/distribution/EID/config → UpdateDistribution",
  "PUT /2020-05-31/distribution-tenant/EID → UpdateDistributionTenant",
  "PUT /2020-05-31/distribution/EID/promote-staging-config → UpdateDistributionWithStagingConfig",
  "POST /2020-05-31/domain-association → UpdateDomainAssociation",
  "PUT /2020-05-31/field-level-encryption/EID/config → UpdateFieldLevelEncryptionConfig",
  "PUT /2020-05-31/field-level-encryption-profile/EID/config → UpdateFieldLevelEncryptionProfile",
  "PUT /2020-05-31/function/f → UpdateFunction",
  "PUT /2020-05-31/key-group/EID → UpdateKeyGroup",
  "PUT /2020-05-31/key-value-store/f → UpdateKeyValueStore",
  "PUT /2020-05-31/origin-access-control/EID/config → UpdateOriginAccessControl",
  "PUT /2020-05-31/origin-request-policy/EID → UpdateOriginRequestPolicy",
  "PUT /2020-05-31/public-key/EID/config → UpdatePublicKey",
  "PUT /2020-05-31/realtime-log-config → UpdateRealtimeLogConfig",
  "PUT /2020-05-31/response-headers-policy/EID → UpdateResponseHeadersPolicy",
  "PUT /2020-05-31/streaming-distribution/EID/config → UpdateStreamingDistribution",
  "PUT /2020-05-31/trust-store/EID → UpdateTrustStore",
  "PUT /2020-05-31/vpc-origin/EID → UpdateVpcOrigin",
  "POST /2020-05-31/verify-dns-configuration → VerifyDnsConfiguration",
];

const REFUSED_REQUESTS = [
  "PATCH /2020-05-31/distribution",
  "GET /2020-05-31/distribution/EID/config/more",
  "POST /2020-05-31/tagging?Operation=Other&Resource=x",
  "GET /2019-03-26/distribution",
  "GET /2020-05-31",
];

const DOMAIN = "verge.test";

function match(request: string): string {
  const [, method, path, query] = /^(\S+) ([^?\s]+)(?:\?(\S*))?$/.exec(request)!;
  return matchCdnOperation(method!, path!, new Query(query ?? ""), new Headers()).operation.name;
}

const routed = SDK_REQUESTS.map((line) => line.split(" → ") as [string, string]);

describe("CloudFront's paths", () => {
  test.each(routed)("%s → %s", (request, operation) => {
    expect(match(request)).toBe(operation);
  });

  test.each(REFUSED_REQUESTS)("%s is no operation", (request) => {
    expect(() => match(request)).toThrow(
      expect.objectContaining({ constructor: ServiceError, code: "InvalidAction", status: 404 }),
    );
  });

  test("are CloudFront's only when they are signed for it: a bucket may have such a name", () => {
    expect(resolveAddress(DOMAIN, "/2020-05-31/distribution", DOMAIN, "cloudfront")).toEqual({ service: "cloudfront" });
    expect(resolveAddress(`photos.s3.${DOMAIN}`, "/2020-05-31/distribution", DOMAIN, "s3")).toMatchObject({
      service: "s3",
      bucket: "photos",
    });
  });
});

test("every operation of the SDK has a row, and every row a golden line", () => {
  const tested = new Set(SDK_REQUESTS.map((line) => line.split(" → ")[1]));
  expect(tested.size).toBe(167);
  expect(new Set(cdnOperations.map(({ name }) => name))).toEqual(tested);
});
