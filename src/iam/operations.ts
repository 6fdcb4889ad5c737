import * as absent from "./absent.ts";
import { getAccountSummary } from "./account.ts";
import { getAccountAuthorizationDetails } from "./authorization-details.ts";
import * as keys from "./access-keys.ts";
import type { IamOperation } from "./call.ts";
import * as entities from "./entities.ts";
import { iamError } from "./errors.ts";
import * as inline from "./inline-policies.ts";
import * as managed from "./managed-policies.ts";
import { simulateCustomPolicy, simulatePrincipalPolicy } from "./simulate.ts";
import { unsupportedIamOperations } from "./unsupported.ts";

type Row = readonly [name: string, about: IamOperation["about"], handle: IamOperation["handle"]];

/** IAM, API of 2010-05-08. The action that a policy allows has the name of the operation. */
// oxfmt-ignore
const rows: readonly Row[] = [
  ["CreateUser", "new-user", entities.creator("user")],
  ["GetUser", "caller-or-user", entities.getter("user")],
  ["ListUsers", "any", entities.lister("user")],
  ["DeleteUser", "user", entities.deleter("user")],
  ["UpdateUser", "user", entities.renamer("user")],
  ["TagUser", "user", entities.tagger("user")],
  ["UntagUser", "user", entities.untagger("user")],
  ["ListUserTags", "user", entities.tagLister("user")],
  ["PutUserPermissionsBoundary", "user", entities.boundarySetter("user")],
  ["DeleteUserPermissionsBoundary", "user", entities.boundaryRemover("user")],
  ["PutUserPolicy", "user", inline.inlinePutter("user")],
  ["GetUserPolicy", "user", inline.inlineGetter("user")],
  ["DeleteUserPolicy", "user", inline.inlineDeleter("user")],
  ["ListUserPolicies", "user", inline.inlineLister("user")],
  ["AttachUserPolicy", "user", managed.attacher("user")],
  ["DetachUserPolicy", "user", managed.detacher("user")],
  ["ListAttachedUserPolicies", "user", managed.attachedLister("user")],
  ["CreateGroup", "new-group", entities.creator("group")],
  ["GetGroup", "group", entities.getter("group")],
  ["ListGroups", "any", entities.lister("group")],
  ["DeleteGroup", "group", entities.deleter("group")],
  ["UpdateGroup", "group", entities.renamer("group")],
  ["PutGroupPolicy", "group", inline.inlinePutter("group")],
  ["GetGroupPolicy", "group", inline.inlineGetter("group")],
  ["DeleteGroupPolicy", "group", inline.inlineDeleter("group")],
  ["ListGroupPolicies", "group", inline.inlineLister("group")],
  ["AttachGroupPolicy", "group", managed.attacher("group")],
  ["DetachGroupPolicy", "group", managed.detacher("group")],
  ["ListAttachedGroupPolicies", "group", managed.attachedLister("group")],
  ["CreateRole", "new-role", entities.creator("role")],
  ["GetRole", "role", entities.getter("role")],
  ["ListRoles", "any", entities.lister("role")],
  ["DeleteRole", "role", entities.deleter("role")],
  ["TagRole", "role", entities.tagger("role")],
  ["UntagRole", "role", entities.untagger("role")],
  ["ListRoleTags", "role", entities.tagLister("role")],
  ["PutRolePermissionsBoundary", "role", entities.boundarySetter("role")],
  ["DeleteRolePermissionsBoundary", "role", entities.boundaryRemover("role")],
  ["PutRolePolicy", "role", inline.inlinePutter("role")],
  ["GetRolePolicy", "role", inline.inlineGetter("role")],
  ["DeleteRolePolicy", "role", inline.inlineDeleter("role")],
  ["ListRolePolicies", "role", inline.inlineLister("role")],
  ["AttachRolePolicy", "role", managed.attacher("role")],
  ["DetachRolePolicy", "role", managed.detacher("role")],
  ["ListAttachedRolePolicies", "role", managed.attachedLister("role")],

  ["AddUserToGroup", "group", entities.addUserToGroup],
  ["RemoveUserFromGroup", "group", entities.removeUserFromGroup],
  ["ListGroupsForUser", "user", entities.listGroupsForUser],
  ["UpdateRole", "role", entities.updateRole],
  ["UpdateRoleDescription", "role", entities.updateRoleDescription],
  ["UpdateAssumeRolePolicy", "role", entities.updateAssumeRolePolicy],

  ["CreateAccessKey", "caller-or-user", keys.createAccessKey],
  ["ListAccessKeys", "caller-or-user", keys.listAccessKeys],
  ["UpdateAccessKey", "caller-or-user", keys.updateAccessKey],
  ["DeleteAccessKey", "caller-or-user", keys.deleteAccessKey],

  ["CreatePolicy", "new-policy", managed.createPolicy],
  ["GetPolicy", "policy", managed.getPolicy],
  ["ListPolicies", "any", managed.listPolicies],
  ["DeletePolicy", "policy", managed.deletePolicy],
  ["CreatePolicyVersion", "policy", managed.createPolicyVersion],
  ["GetPolicyVersion", "policy", managed.getPolicyVersion],
  ["ListPolicyVersions", "policy", managed.listPolicyVersions],
  ["DeletePolicyVersion", "policy", managed.deletePolicyVersion],
  ["SetDefaultPolicyVersion", "policy", managed.setDefaultPolicyVersion],
  ["TagPolicy", "policy", managed.tagPolicy],
  ["UntagPolicy", "policy", managed.untagPolicy],
  ["ListPolicyTags", "policy", managed.listPolicyTags],
  ["ListEntitiesForPolicy", "policy", managed.listEntitiesForPolicy],

  ["SimulatePrincipalPolicy", "any", simulatePrincipalPolicy],
  ["SimulateCustomPolicy", "any", simulateCustomPolicy],
  ["GetAccountSummary", "any", getAccountSummary],
  ["GetAccountAuthorizationDetails", "any", getAccountAuthorizationDetails],

  ["ListMFADevices", "caller-or-user", absent.noneOf("user", "MFADevices")],
  ["ListSSHPublicKeys", "caller-or-user", absent.noneOf("user", "SSHPublicKeys")],
  ["ListSigningCertificates", "caller-or-user", absent.noneOf("user", "Certificates")],
  ["ListServiceSpecificCredentials", "caller-or-user", absent.noneOf("user", "ServiceSpecificCredentials")],
  ["GetLoginProfile", "caller-or-user", absent.refuseLoginProfile],
  ["DeleteLoginProfile", "caller-or-user", absent.refuseLoginProfile],
  ["ListInstanceProfilesForRole", "role", absent.noneOf("role", "InstanceProfiles")],
  ["ListInstanceProfiles", "any", absent.noneOfAccount("InstanceProfiles")],
  ["ListVirtualMFADevices", "any", absent.noneOfAccount("VirtualMFADevices")],
  ["ListServerCertificates", "any", absent.noneOfAccount("ServerCertificateMetadataList")],
  ["ListAccountAliases", "any", absent.noneOfAccount("AccountAliases")],
  ["ListSAMLProviders", "any", absent.noProviders("SAMLProviderList")],
  ["ListOpenIDConnectProviders", "any", absent.noProviders("OpenIDConnectProviderList")],
  ["GetAccountPasswordPolicy", "any", absent.getAccountPasswordPolicy],
];

export const iamOperations: readonly IamOperation[] = [...rows.map(([name, about, handle]) => ({ name, access: `iam:${name}`, about, handle })), ...unsupportedIamOperations];

const byName = new Map(iamOperations.map((operation) => [operation.name, operation]));

/** @throws ServiceError InvalidAction */
export function findIamOperation(name: string): IamOperation {
  const operation = byName.get(name);
  if (operation) return operation;
  throw iamError("InvalidAction", `Could not find operation ${name} for version 2010-05-08`);
}
