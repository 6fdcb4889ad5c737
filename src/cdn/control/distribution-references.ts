import type { DistributionConfig, Origin } from "../../metadata/cdn/distribution-config.ts";
import type { OriginAccessControlConfig } from "../../metadata/cdn/policy-configs.ts";
import { listBehaviors } from "../../metadata/cdn/references.ts";
import { type OriginAddress, resolveOrigin } from "../origin/origin-address.ts";
import type { CdnCall } from "./call.ts";
import { cloudFrontError } from "./errors.ts";

type Call = Pick<CdnCall, "account" | "domain" | "hasLambda" | "registry">;

/** Origins that an access control is for; those of other types are AWS's own media services, which are not here. */
const SIGNED_ORIGINS: Readonly<Partial<Record<OriginAccessControlConfig["OriginAccessControlOriginType"], string>>> = {
  s3: "bucket" satisfies OriginAddress["kind"],
  lambda: "function" satisfies OriginAddress["kind"],
};

/**
 * Checks what a configuration says of things that exist, beyond that they do: the registry sees to that.
 * @throws ServiceError InvalidDomainNameForOriginAccessControl, InvalidLambdaFunctionAssociation
 */
export async function checkReferences(config: DistributionConfig, call: Call): Promise<void> {
  const lambdas = listBehaviors(config).flatMap(({ LambdaFunctionAssociations }) => LambdaFunctionAssociations);
  const arns = new Set(lambdas.map(({ LambdaFunctionARN }) => LambdaFunctionARN));
  await Promise.all([
    ...config.Origins.map((origin) => checkAccessControl(origin, call)),
    ...Array.from(arns, (arn) => checkLambda(arn, call)),
  ]);
}

/** An access control of another kind would sign nothing, and whoever attached it would believe that it does. */
async function checkAccessControl(origin: Origin, { account, domain, registry }: Call): Promise<void> {
  if (origin.OriginAccessControlId === "") return;
  const found = await registry.findResource("origin-access-control", account.id, origin.OriginAccessControlId);
  if (!found) throw cloudFrontError("InvalidOriginAccessControl");
  const { OriginAccessControlOriginType: type } = JSON.parse(found.record) as OriginAccessControlConfig;
  if (SIGNED_ORIGINS[type] !== resolveOrigin(origin, domain).kind) {
    throw cloudFrontError("InvalidDomainNameForOriginAccessControl");
  }
}

async function checkLambda(arn: string, { account, hasLambda }: Call): Promise<void> {
  if (await hasLambda(arn, account.id)) return;
  throw cloudFrontError("InvalidLambdaFunctionAssociation", `The function cannot be found. Function: ${arn}`);
}
