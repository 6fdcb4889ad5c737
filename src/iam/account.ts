import type { QueryResult } from "../lib/query-protocol.ts";
import type { IamCall } from "./call.ts";
import { noSuchEntity } from "./errors.ts";
import { readEntityName } from "./input.ts";

/** What there is, and how much there may be ("IAM and AWS STS quotas"). */
export async function getAccountSummary({ iam }: IamCall): Promise<QueryResult> {
  const { users, groups, roles, policies, policyVersions } = await iam.count();
  const summary = {
    Users: users,
    UsersQuota: 5_000,
    Groups: groups,
    GroupsQuota: 300,
    Roles: roles,
    RolesQuota: 1_000,
    Policies: policies,
    PoliciesQuota: 1_500,
    PolicyVersionsInUse: policyVersions,
    VersionsPerPolicyQuota: 5,
    AccessKeysPerUserQuota: 2,
    GroupsPerUserQuota: 10,
  };
  return { SummaryMap: new Map(Object.entries(summary)) };
}

/** None, as CreateOpenIDConnectProvider is refused; who looks for his own before he makes one is told so. */
export async function listOpenIdConnectProviders(): Promise<QueryResult> {
  return { OpenIDConnectProviderList: [] };
}

/** None, as CreateInstanceProfile is refused. Terraform asks before it deletes a role. */
export async function listInstanceProfilesForRole({ input, iam }: IamCall): Promise<QueryResult> {
  const name = readEntityName(input, "role");
  if (!(await iam.findEntity("role", name))) throw noSuchEntity("role", name);
  return { InstanceProfiles: [], IsTruncated: false };
}
