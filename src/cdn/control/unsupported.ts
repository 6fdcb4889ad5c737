import type { Operation } from "../../lib/operation.ts";
import { API, type CdnCall, type CdnResult } from "./call.ts";
import { cloudFrontError } from "./errors.ts";

/** Part of CloudFront that an operation belongs to, as docs/compatibility.md groups them. */
export type CdnArea =
  | "Functions"
  | "Web ACLs"
  | "Continuous deployment"
  | "Real-time logs and metrics"
  | "Sharing between accounts"
  | "Distribution tenants"
  | "Mutual TLS"
  | "Field-level encryption"
  | "Streaming distributions"
  | "Networks of AWS";

/** Areas that no version of Verge is meant to serve: they exist for machinery of AWS that has no counterpart here. */
export const CDN_AREAS_NOT_PLANNED: ReadonlySet<CdnArea> = new Set<CdnArea>([
  "Sharing between accounts",
  "Distribution tenants",
  "Mutual TLS",
  "Field-level encryption",
  "Streaming distributions",
  "Networks of AWS",
]);

export interface UnsupportedCdnOperation extends Operation<CdnCall, CdnResult> {
  readonly area: CdnArea;
}

type Line = readonly [name: string, method: UnsupportedCdnOperation["method"], path: string];

/** Paths below the version of the API. Parameters of one place have one name here, whatever AWS calls them. */
const LINES: Readonly<Record<CdnArea, readonly Line[]>> = {
  Functions: [
    ["CreateKeyValueStore", "POST", "/key-value-store"],
    ["DeleteKeyValueStore", "DELETE", "/key-value-store/{Name}"],
    ["DescribeKeyValueStore", "GET", "/key-value-store/{Name}"],
    ["ListKeyValueStores", "GET", "/key-value-store"],
    ["UpdateKeyValueStore", "PUT", "/key-value-store/{Name}"],
  ],
  "Web ACLs": [
    ["AssociateDistributionWebACL", "PUT", "/distribution/{Id}/associate-web-acl"],
    ["DisassociateDistributionWebACL", "PUT", "/distribution/{Id}/disassociate-web-acl"],
    ["ListDistributionsByWebACLId", "GET", "/distributionsByWebACLId/{WebACLId}"],
  ],
  "Continuous deployment": [
    ["CopyDistribution", "POST", "/distribution/{PrimaryDistributionId}/copy"],
    ["CreateContinuousDeploymentPolicy", "POST", "/continuous-deployment-policy"],
    ["DeleteContinuousDeploymentPolicy", "DELETE", "/continuous-deployment-policy/{Id}"],
    ["GetContinuousDeploymentPolicy", "GET", "/continuous-deployment-policy/{Id}"],
    ["GetContinuousDeploymentPolicyConfig", "GET", "/continuous-deployment-policy/{Id}/config"],
    ["ListContinuousDeploymentPolicies", "GET", "/continuous-deployment-policy"],
    ["UpdateContinuousDeploymentPolicy", "PUT", "/continuous-deployment-policy/{Id}"],
    ["UpdateDistributionWithStagingConfig", "PUT", "/distribution/{Id}/promote-staging-config"],
  ],
  "Real-time logs and metrics": [
    ["CreateMonitoringSubscription", "POST", "/distributions/{DistributionId}/monitoring-subscription"],
    ["CreateRealtimeLogConfig", "POST", "/realtime-log-config"],
    ["DeleteMonitoringSubscription", "DELETE", "/distributions/{DistributionId}/monitoring-subscription"],
    ["DeleteRealtimeLogConfig", "POST", "/delete-realtime-log-config"],
    ["GetMonitoringSubscription", "GET", "/distributions/{DistributionId}/monitoring-subscription"],
    ["GetRealtimeLogConfig", "POST", "/get-realtime-log-config"],
    ["ListDistributionsByRealtimeLogConfig", "POST", "/distributionsByRealtimeLogConfig"],
    ["ListRealtimeLogConfigs", "GET", "/realtime-log-config"],
    ["UpdateRealtimeLogConfig", "PUT", "/realtime-log-config"],
  ],
  "Sharing between accounts": [
    ["DeleteResourcePolicy", "POST", "/delete-resource-policy"],
    ["GetResourcePolicy", "POST", "/get-resource-policy"],
    ["ListDistributionsByOwnedResource", "GET", "/distributionsByOwnedResource/{ResourceArn}"],
    ["PutResourcePolicy", "POST", "/put-resource-policy"],
  ],
  "Distribution tenants": [
    ["AssociateDistributionTenantWebACL", "PUT", "/distribution-tenant/{Id}/associate-web-acl"],
    ["CreateConnectionGroup", "POST", "/connection-group"],
    ["CreateDistributionTenant", "POST", "/distribution-tenant"],
    ["CreateInvalidationForDistributionTenant", "POST", "/distribution-tenant/{Id}/invalidation"],
    ["DeleteConnectionGroup", "DELETE", "/connection-group/{Id}"],
    ["DeleteDistributionTenant", "DELETE", "/distribution-tenant/{Id}"],
    ["DisassociateDistributionTenantWebACL", "PUT", "/distribution-tenant/{Id}/disassociate-web-acl"],
    ["GetConnectionGroup", "GET", "/connection-group/{Id}"],
    ["GetConnectionGroupByRoutingEndpoint", "GET", "/connection-group"],
    ["GetDistributionTenant", "GET", "/distribution-tenant/{Id}"],
    ["GetDistributionTenantByDomain", "GET", "/distribution-tenant"],
    ["GetInvalidationForDistributionTenant", "GET", "/distribution-tenant/{Id}/invalidation/{InvalidationId}"],
    ["GetManagedCertificateDetails", "GET", "/managed-certificate/{Id}"],
    ["ListConnectionGroups", "POST", "/connection-groups"],
    ["ListDistributionTenants", "POST", "/distribution-tenants"],
    ["ListDistributionTenantsByCustomization", "POST", "/distribution-tenants-by-customization"],
    ["ListDistributionsByConnectionMode", "GET", "/distributionsByConnectionMode/{ConnectionMode}"],
    ["ListDomainConflicts", "POST", "/domain-conflicts"],
    ["ListInvalidationsForDistributionTenant", "GET", "/distribution-tenant/{Id}/invalidation"],
    ["UpdateConnectionGroup", "PUT", "/connection-group/{Id}"],
    ["UpdateDistributionTenant", "PUT", "/distribution-tenant/{Id}"],
    ["UpdateDomainAssociation", "POST", "/domain-association"],
    ["VerifyDnsConfiguration", "POST", "/verify-dns-configuration"],
  ],
  "Mutual TLS": [
    ["CreateConnectionFunction", "POST", "/connection-function"],
    ["CreateTrustStore", "POST", "/trust-store"],
    ["DeleteConnectionFunction", "DELETE", "/connection-function/{Id}"],
    ["DeleteTrustStore", "DELETE", "/trust-store/{Id}"],
    ["DescribeConnectionFunction", "GET", "/connection-function/{Id}/describe"],
    ["GetConnectionFunction", "GET", "/connection-function/{Id}"],
    ["GetTrustStore", "GET", "/trust-store/{Id}"],
    ["ListConnectionFunctions", "POST", "/connection-functions"],
    ["ListDistributionsByConnectionFunction", "GET", "/distributionsByConnectionFunction"],
    ["ListDistributionsByTrustStore", "GET", "/distributionsByTrustStore"],
    ["ListTrustStores", "POST", "/trust-stores"],
    ["PublishConnectionFunction", "POST", "/connection-function/{Id}/publish"],
    ["TestConnectionFunction", "POST", "/connection-function/{Id}/test"],
    ["UpdateConnectionFunction", "PUT", "/connection-function/{Id}"],
    ["UpdateTrustStore", "PUT", "/trust-store/{Id}"],
  ],
  "Field-level encryption": [
    ["CreateFieldLevelEncryptionConfig", "POST", "/field-level-encryption"],
    ["CreateFieldLevelEncryptionProfile", "POST", "/field-level-encryption-profile"],
    ["DeleteFieldLevelEncryptionConfig", "DELETE", "/field-level-encryption/{Id}"],
    ["DeleteFieldLevelEncryptionProfile", "DELETE", "/field-level-encryption-profile/{Id}"],
    ["GetFieldLevelEncryption", "GET", "/field-level-encryption/{Id}"],
    ["GetFieldLevelEncryptionConfig", "GET", "/field-level-encryption/{Id}/config"],
    ["GetFieldLevelEncryptionProfile", "GET", "/field-level-encryption-profile/{Id}"],
    ["GetFieldLevelEncryptionProfileConfig", "GET", "/field-level-encryption-profile/{Id}/config"],
    ["ListFieldLevelEncryptionConfigs", "GET", "/field-level-encryption"],
    ["ListFieldLevelEncryptionProfiles", "GET", "/field-level-encryption-profile"],
    ["UpdateFieldLevelEncryptionConfig", "PUT", "/field-level-encryption/{Id}/config"],
    ["UpdateFieldLevelEncryptionProfile", "PUT", "/field-level-encryption-profile/{Id}/config"],
  ],
  "Streaming distributions": [
    ["CreateStreamingDistribution", "POST", "/streaming-distribution"],
    ["CreateStreamingDistributionWithTags", "POST", "/streaming-distribution?WithTags"],
    ["DeleteStreamingDistribution", "DELETE", "/streaming-distribution/{Id}"],
    ["GetStreamingDistribution", "GET", "/streaming-distribution/{Id}"],
    ["GetStreamingDistributionConfig", "GET", "/streaming-distribution/{Id}/config"],
    ["ListStreamingDistributions", "GET", "/streaming-distribution"],
    ["UpdateStreamingDistribution", "PUT", "/streaming-distribution/{Id}/config"],
  ],
  "Networks of AWS": [
    ["CreateAnycastIpList", "POST", "/anycast-ip-list"],
    ["CreateVpcOrigin", "POST", "/vpc-origin"],
    ["DeleteAnycastIpList", "DELETE", "/anycast-ip-list/{Id}"],
    ["DeleteVpcOrigin", "DELETE", "/vpc-origin/{Id}"],
    ["GetAnycastIpList", "GET", "/anycast-ip-list/{Id}"],
    ["GetVpcOrigin", "GET", "/vpc-origin/{Id}"],
    ["ListAnycastIpLists", "GET", "/anycast-ip-list"],
    ["ListDistributionsByAnycastIpListId", "GET", "/distributionsByAnycastIpListId/{AnycastIpListId}"],
    ["ListDistributionsByVpcOriginId", "GET", "/distributionsByVpcOriginId/{VpcOriginId}"],
    ["ListVpcOrigins", "GET", "/vpc-origin"],
    ["UpdateAnycastIpList", "PUT", "/anycast-ip-list/{Id}"],
    ["UpdateVpcOrigin", "PUT", "/vpc-origin/{Id}"],
  ],
};

/** Operations that are known and not supported: they answer by name. */
export const unsupportedCdnOperations: readonly UnsupportedCdnOperation[] = Object.entries(LINES).flatMap(
  ([area, lines]) => lines.map((line) => toRow(area as CdnArea, line)),
);

function toRow(area: CdnArea, [name, method, target]: Line): UnsupportedCdnOperation {
  const [path = "", parameter] = target.split("?");
  return {
    area,
    name,
    method,
    path: API + path,
    ...(parameter !== undefined && { query: { [parameter]: true } }),
    access: `cloudfront:${name}`,
    handle: async () => {
      throw cloudFrontError("UnsupportedOperation", `This version of Verge does not implement ${name}.`);
    },
  };
}
