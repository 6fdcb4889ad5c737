import type { QueryResult } from "../lib/query-protocol.ts";
import type { IamCall } from "./call.ts";

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
