import { API, type CdnOperation } from "./call.ts";
import {
  associateAlias,
  createDistribution,
  createDistributionWithTags,
  deleteDistribution,
  getDistribution,
  getDistributionConfig,
  listConflictingAliases,
  listDistributions,
  listDistributionsBy,
  updateDistribution,
} from "./distributions.ts";
import { createFunction, deleteFunction, describeFunction, getFunction, listFunctions, publishFunction, updateFunction } from "./functions.ts";
import { createInvalidation, getInvalidation, listInvalidations } from "./invalidations.ts";
import { keyGroupHandlers, publicKeyHandlers } from "./keys.ts";
import { originAccessControlHandlers, originAccessIdentityHandlers } from "./origin-access.ts";
import { cachePolicyHandlers, originRequestPolicyHandlers } from "./request-policies.ts";
import type { ResourceHandlers } from "./resources.ts";
import { responseHeadersPolicyHandlers } from "./response-headers-policies.ts";
import { testFunction } from "./test-function.ts";
import { listTagsForResource, tagResource, untagResource } from "./tags.ts";
import { unsupportedCdnOperations } from "./unsupported.ts";

const DISTRIBUTIONS = `${API}/distribution`;
const DISTRIBUTION = `${DISTRIBUTIONS}/{Id}`;
const INVALIDATIONS = `${DISTRIBUTIONS}/{DistributionId}/invalidation`;
const FUNCTION = `${API}/function/{Name}`;

/** The six operations on a kind of resource. Some kinds are updated where their configuration is read. */
function resourceRows(handlers: ResourceHandlers, name: string, plural: string, path: string, updated: "" | "/config"): CdnOperation[] {
  const one = `${API}${path}/{Id}`;
  return [
    { name: `Create${name}`, method: "POST", path: API + path, access: `cloudfront:Create${name}`, handle: handlers.create },
    { name: `Get${name}`, method: "GET", path: one, access: `cloudfront:Get${name}`, handle: handlers.get },
    { name: `Get${name}Config`, method: "GET", path: `${one}/config`, access: `cloudfront:Get${name}Config`, handle: handlers.getConfig },
    { name: `Update${name}`, method: "PUT", path: one + updated, access: `cloudfront:Update${name}`, handle: handlers.update },
    { name: `Delete${name}`, method: "DELETE", path: one, access: `cloudfront:Delete${name}`, handle: handlers.delete },
    { name: `List${plural}`, method: "GET", path: API + path, access: `cloudfront:List${plural}`, handle: handlers.list },
  ];
}

/** The operations of CloudFront that are served. */
export const servedCdnOperations: readonly CdnOperation[] = [
  { name: "CreateDistribution", method: "POST", path: DISTRIBUTIONS, access: "cloudfront:CreateDistribution", handle: createDistribution },
  { name: "CreateDistributionWithTags", method: "POST", path: DISTRIBUTIONS, query: { WithTags: true }, access: "cloudfront:CreateDistribution", handle: createDistributionWithTags },
  { name: "GetDistribution", method: "GET", path: DISTRIBUTION, access: "cloudfront:GetDistribution", handle: getDistribution },
  { name: "GetDistributionConfig", method: "GET", path: `${DISTRIBUTION}/config`, access: "cloudfront:GetDistributionConfig", handle: getDistributionConfig },
  { name: "UpdateDistribution", method: "PUT", path: `${DISTRIBUTION}/config`, access: "cloudfront:UpdateDistribution", handle: updateDistribution },
  { name: "DeleteDistribution", method: "DELETE", path: DISTRIBUTION, access: "cloudfront:DeleteDistribution", handle: deleteDistribution },
  { name: "ListDistributions", method: "GET", path: DISTRIBUTIONS, access: "cloudfront:ListDistributions", handle: listDistributions },
  {
    name: "ListDistributionsByCachePolicyId",
    method: "GET",
    path: `${API}/distributionsByCachePolicyId/{CachePolicyId}`,
    access: "cloudfront:ListDistributionsByCachePolicyId",
    handle: listDistributionsBy("cache-policy", "CachePolicyId"),
  },
  {
    name: "ListDistributionsByOriginRequestPolicyId",
    method: "GET",
    path: `${API}/distributionsByOriginRequestPolicyId/{OriginRequestPolicyId}`,
    access: "cloudfront:ListDistributionsByOriginRequestPolicyId",
    handle: listDistributionsBy("origin-request-policy", "OriginRequestPolicyId"),
  },
  {
    name: "ListDistributionsByResponseHeadersPolicyId",
    method: "GET",
    path: `${API}/distributionsByResponseHeadersPolicyId/{ResponseHeadersPolicyId}`,
    access: "cloudfront:ListDistributionsByResponseHeadersPolicyId",
    handle: listDistributionsBy("response-headers-policy", "ResponseHeadersPolicyId"),
  },
  {
    name: "ListDistributionsByKeyGroup",
    method: "GET",
    path: `${API}/distributionsByKeyGroupId/{KeyGroupId}`,
    access: "cloudfront:ListDistributionsByKeyGroup",
    handle: listDistributionsBy("key-group", "KeyGroupId"),
  },
  { name: "AssociateAlias", method: "PUT", path: `${DISTRIBUTIONS}/{TargetDistributionId}/associate-alias`, access: "cloudfront:AssociateAlias", handle: associateAlias },
  { name: "ListConflictingAliases", method: "GET", path: `${API}/conflicting-alias`, access: "cloudfront:ListConflictingAliases", handle: listConflictingAliases },

  { name: "CreateInvalidation", method: "POST", path: INVALIDATIONS, access: "cloudfront:CreateInvalidation", handle: createInvalidation },
  { name: "GetInvalidation", method: "GET", path: `${INVALIDATIONS}/{Id}`, access: "cloudfront:GetInvalidation", handle: getInvalidation },
  { name: "ListInvalidations", method: "GET", path: INVALIDATIONS, access: "cloudfront:ListInvalidations", handle: listInvalidations },

  ...resourceRows(cachePolicyHandlers, "CachePolicy", "CachePolicies", "/cache-policy", ""),
  ...resourceRows(originRequestPolicyHandlers, "OriginRequestPolicy", "OriginRequestPolicies", "/origin-request-policy", ""),
  ...resourceRows(responseHeadersPolicyHandlers, "ResponseHeadersPolicy", "ResponseHeadersPolicies", "/response-headers-policy", ""),
  ...resourceRows(originAccessControlHandlers, "OriginAccessControl", "OriginAccessControls", "/origin-access-control", "/config"),
  ...resourceRows(originAccessIdentityHandlers, "CloudFrontOriginAccessIdentity", "CloudFrontOriginAccessIdentities", "/origin-access-identity/cloudfront", "/config"),
  ...resourceRows(publicKeyHandlers, "PublicKey", "PublicKeys", "/public-key", "/config"),
  ...resourceRows(keyGroupHandlers, "KeyGroup", "KeyGroups", "/key-group", ""),

  { name: "CreateFunction", method: "POST", path: `${API}/function`, access: "cloudfront:CreateFunction", handle: createFunction },
  { name: "DescribeFunction", method: "GET", path: `${FUNCTION}/describe`, access: "cloudfront:DescribeFunction", handle: describeFunction },
  { name: "GetFunction", method: "GET", path: FUNCTION, access: "cloudfront:GetFunction", handle: getFunction },
  { name: "UpdateFunction", method: "PUT", path: FUNCTION, access: "cloudfront:UpdateFunction", handle: updateFunction },
  { name: "PublishFunction", method: "POST", path: `${FUNCTION}/publish`, access: "cloudfront:PublishFunction", handle: publishFunction },
  { name: "TestFunction", method: "POST", path: `${FUNCTION}/test`, access: "cloudfront:TestFunction", handle: testFunction },
  { name: "DeleteFunction", method: "DELETE", path: FUNCTION, access: "cloudfront:DeleteFunction", handle: deleteFunction },
  { name: "ListFunctions", method: "GET", path: `${API}/function`, access: "cloudfront:ListFunctions", handle: listFunctions },

  { name: "TagResource", method: "POST", path: `${API}/tagging`, query: { Operation: "Tag" }, access: "cloudfront:TagResource", handle: tagResource },
  { name: "UntagResource", method: "POST", path: `${API}/tagging`, query: { Operation: "Untag" }, access: "cloudfront:UntagResource", handle: untagResource },
  { name: "ListTagsForResource", method: "GET", path: `${API}/tagging`, access: "cloudfront:ListTagsForResource", handle: listTagsForResource },
];

/** THE table: what selects an operation, who may call it, what runs. */
export const cdnOperations: readonly CdnOperation[] = [...servedCdnOperations, ...unsupportedCdnOperations];
