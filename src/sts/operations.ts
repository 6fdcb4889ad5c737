import { ServiceError } from "../lib/errors.ts";
import type { StsOperation } from "./call.ts";
import { getCallerIdentity } from "./caller-identity.ts";

const unsupported = (name: string): StsOperation => ({
  name,
  handle: async () => {
    throw new ServiceError("NotImplemented", 501, `This version of Verge does not implement ${name}.`);
  },
});

/** STS, API of 2011-06-15. */
export const stsOperations: readonly StsOperation[] = [
  { name: "GetCallerIdentity", handle: getCallerIdentity },
  ...["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetDelegatedAccessToken", "GetWebIdentityToken"].map(unsupported),
];

const byName = new Map(stsOperations.map((operation) => [operation.name, operation]));

/** @throws ServiceError InvalidAction */
export function findStsOperation(name: string): StsOperation {
  const operation = byName.get(name);
  if (operation) return operation;
  throw new ServiceError("InvalidAction", 400, `Could not find operation ${name} for version 2011-06-15`);
}
