import type { IamOperation } from "./call.ts";
import { iamError } from "./errors.ts";

/** What IAM has beside: passwords, MFA, certificates, identity providers, instance profiles, reports. */
// oxfmt-ignore
const NAMES: readonly string[] = [
  "AcceptDelegationRequest", "AddClientIDToOpenIDConnectProvider", "AddRoleToInstanceProfile",
  "AssociateDelegationRequest", "ChangePassword", "CreateAccountAlias", "CreateDelegationRequest",
  "CreateInstanceProfile", "CreateLoginProfile", "CreateOpenIDConnectProvider", "CreateSAMLProvider",
  "CreateServiceLinkedRole", "CreateServiceSpecificCredential", "CreateVirtualMFADevice", "DeactivateMFADevice",
  "DeleteAccountAlias", "DeleteAccountPasswordPolicy", "DeleteInstanceProfile", "DeleteOpenIDConnectProvider",
  "DeleteSAMLProvider", "DeleteSSHPublicKey", "DeleteServerCertificate", "DeleteServiceLinkedRole",
  "DeleteServiceSpecificCredential", "DeleteSigningCertificate", "DeleteVirtualMFADevice",
  "DisableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootSessions",
  "DisableOutboundWebIdentityFederation", "EnableMFADevice", "EnableOrganizationsRootCredentialsManagement",
  "EnableOrganizationsRootSessions", "EnableOutboundWebIdentityFederation", "GenerateCredentialReport",
  "GenerateOrganizationsAccessReport", "GenerateServiceLastAccessedDetails", "GetAccessKeyLastUsed",
  "GetContextKeysForCustomPolicy", "GetContextKeysForPrincipalPolicy", "GetCredentialReport",
  "GetDelegationRequest", "GetHumanReadableSummary", "GetInstanceProfile", "GetMFADevice",
  "GetOpenIDConnectProvider", "GetOrganizationsAccessReport", "GetOutboundWebIdentityFederationInfo",
  "GetSAMLProvider", "GetSSHPublicKey", "GetServerCertificate", "GetServiceLastAccessedDetails",
  "GetServiceLastAccessedDetailsWithEntities", "GetServiceLinkedRoleDeletionStatus", "ListDelegationRequests",
  "ListInstanceProfileTags", "ListMFADeviceTags", "ListOpenIDConnectProviderTags", "ListOrganizationsFeatures",
  "ListPoliciesGrantingServiceAccess", "ListSAMLProviderTags", "ListServerCertificateTags",
  "RejectDelegationRequest", "RemoveClientIDFromOpenIDConnectProvider", "RemoveRoleFromInstanceProfile",
  "ResetServiceSpecificCredential", "ResyncMFADevice", "SendDelegationToken", "SetSecurityTokenServicePreferences",
  "TagInstanceProfile", "TagMFADevice", "TagOpenIDConnectProvider", "TagSAMLProvider", "TagServerCertificate",
  "UntagInstanceProfile", "UntagMFADevice", "UntagOpenIDConnectProvider", "UntagSAMLProvider",
  "UntagServerCertificate", "UpdateAccountPasswordPolicy", "UpdateDelegationRequest", "UpdateLoginProfile",
  "UpdateOpenIDConnectProviderThumbprint", "UpdateSAMLProvider", "UpdateSSHPublicKey", "UpdateServerCertificate",
  "UpdateServiceSpecificCredential", "UpdateSigningCertificate", "UploadSSHPublicKey", "UploadServerCertificate",
  "UploadSigningCertificate",
];

export const unsupportedIamOperations: readonly IamOperation[] = NAMES.map((name) => ({
  name,
  access: `iam:${name}`,
  about: "any",
  handle: async () => {
    throw iamError("NotImplemented", `This version of Verge does not implement ${name}.`);
  },
}));
