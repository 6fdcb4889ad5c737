import type { DistributionConfig, Origin } from "../../metadata/cdn/distribution-config.ts";
import { resolveOrigin } from "../origin/origin-address.ts";
import type { CdnCall } from "./call.ts";

/**
 * With an access control, or identity, a distribution reads its bucket in the name of the account: who makes it so must
 * be allowed to read there as well, or distributions would show a user what its policies keep from it.
 * @throws ServiceError AccessDenied
 */
export function requireOriginRights(
  { Origins }: DistributionConfig,
  { domain, requireAllowed }: Pick<CdnCall, "domain" | "requireAllowed">,
): void {
  for (const origin of Origins) {
    const address = resolveOrigin(origin, domain);
    if (address.kind !== "bucket" || !readsForAccount(origin)) continue;
    requireAllowed({ action: "s3:GetObject", resource: `arn:aws:s3:::${address.bucket}${origin.OriginPath}/*` });
  }
}

function readsForAccount({ OriginAccessControlId, S3OriginConfig }: Origin): boolean {
  return OriginAccessControlId !== "" || (S3OriginConfig?.OriginAccessIdentity ?? "") !== "";
}
