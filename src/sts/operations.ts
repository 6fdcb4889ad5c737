import type { StsOperation } from "./call.ts";
import { getCallerIdentity } from "./caller-identity.ts";
import { stsError } from "./errors.ts";
import { assumeRole, getFederationToken, getSessionToken } from "./sessions.ts";

const unsupported = (name: string): StsOperation => ({
  name,
  handle: async () => {
    throw stsError("NotImplemented", `This version of Verge does not implement ${name}.`);
  },
});

/** STS, API of 2011-06-15. */
export const stsOperations: readonly StsOperation[] = [
  { name: "AssumeRole", handle: assumeRole },
  { name: "GetFederationToken", handle: getFederationToken },
  { name: "GetSessionToken", handle: getSessionToken },
  { name: "GetCallerIdentity", handle: getCallerIdentity },
  ...["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetDelegatedAccessToken", "GetWebIdentityToken"].map(unsupported),
];

const byName = new Map(stsOperations.map((operation) => [operation.name, operation]));

/** @throws ServiceError InvalidAction */
export function findStsOperation(name: string): StsOperation {
  const operation = byName.get(name);
  if (operation) return operation;
  throw stsError("InvalidAction", `Could not find operation ${name} for version 2011-06-15`);
}
