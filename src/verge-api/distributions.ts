import * as z from "zod/mini";
import { cdnRegistryOf, distributionOf } from "../metadata/cdn/client.ts";
import { distributionDomain } from "../metadata/cdn/compile.ts";
import type { Origin } from "../metadata/cdn/distribution-config.ts";
import { newCdnId } from "../metadata/cdn/ids.ts";
import { MAX_INVALIDATION_ITEMS, parseInvalidationItems } from "../metadata/cdn/invalidation-paths.ts";
import { listDistributionReferences } from "../metadata/cdn/references.ts";
import { bucketOrigin, simpleDistribution, webOrigin } from "../metadata/cdn/simple-config.ts";
import type { OriginAccessControlConfig } from "../metadata/cdn/policy-configs.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readInput } from "./input.ts";

const DistributionInput = z.strictObject({
  bucket: z.optional(z.string()),
  origin: z.optional(z.url({ protocol: /^https?$/ })),
  comment: z.optional(z.string().check(z.maxLength(128))),
});

const PurgeInput = z.strictObject({
  paths: z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_INVALIDATION_ITEMS)),
  soft: z.optional(z.boolean()),
});

/** How the distributions made here read buckets. One an account. */
const BUCKET_ACCESS: OriginAccessControlConfig = {
  Name: "verge-bucket-access",
  Description: "Reads of private buckets by distributions",
  SigningProtocol: "sigv4",
  SigningBehavior: "always",
  OriginAccessControlOriginType: "s3",
};

/**
 * POST /distributions `{bucket}` or `{origin}` → 201 `{id, accountId, domainName, path}`: what CreateDistribution does
 * with 60 lines of XML. One for a bucket belongs to the bucket's owner, others to the root account.
 */
export async function createDistribution(call: VergeCall): Promise<VergeResult> {
  const { bucket, origin, comment = "" } = await readInput(call.payload, DistributionInput);
  if ((bucket === undefined) === (origin === undefined)) {
    throw apiError("ValidationError", "bucket or origin must be given, and not both");
  }
  const made = bucket === undefined ? forWeb(call, origin!) : await forBucket(call, bucket);
  const id = newCdnId("E");
  const config = simpleDistribution(made.origin, `verge-${id}`, comment);
  const outcome = await cdnRegistryOf(call.env).createDistribution({
    id,
    accountId: made.accountId,
    tags: {},
    config,
    references: listDistributionReferences(config),
  });
  if (outcome.outcome === "too-many") throw apiError("LimitExceeded", "The account has too many distributions.");
  if (outcome.outcome !== "ok") throw new Error(`A new distribution could not be created: ${outcome.outcome}`);
  const domainName = distributionDomain(id, call.env.VERGE_DOMAIN ?? "localhost");
  const body = { id, accountId: made.accountId, domainName, path: `/_cdn/${id}/` };
  return { status: 201, body, target: `/distributions/${id}` };
}

/** POST /distributions/{id}/purge `{paths, soft?}` → 202 `{id, createdAt}`: an invalidation that no caller reference names. */
export async function purgeDistribution(call: VergeCall): Promise<VergeResult> {
  const { paths, soft = false } = await readInput(call.payload, PurgeInput);
  const items = parseInvalidationItems(paths);
  if (!items) throw apiError("ValidationError", "paths: must be paths, percent-encoded, or #tags");
  const id = parameter(call, "id");
  const request = { callerReference: `verge-${crypto.randomUUID()}`, ...items, soft };
  const outcome = await distributionOf(call.env, id).createInvalidation(request);
  if (outcome.outcome !== "ok") throw apiError("NoSuchEntity", `The distribution ${id} cannot be found.`);
  const { invalidation } = outcome;
  return { status: 202, body: { id: invalidation.id, createdAt: new Date(invalidation.createdAt).toISOString() } };
}

interface Made {
  readonly accountId: string;
  readonly origin: Origin;
}

function forWeb(call: VergeCall, origin: string): Made {
  // Handlers are only reached by the root account.
  if (call.identity.kind !== "account") throw apiError("AccessDenied", "Access Denied");
  const url = new URL(origin);
  if (url.search !== "" || url.hash !== "") throw apiError("ValidationError", "origin: must have no query");
  return { accountId: call.identity.account.id, origin: webOrigin(url) };
}

async function forBucket(call: VergeCall, name: string): Promise<Made> {
  const bucket = await askRegistry(call.env, (registry) => registry.findBucket(name));
  if (bucket?.state !== "active") throw apiError("NoSuchEntity", `The bucket ${name} cannot be found.`);
  const { accountId } = bucket;
  const outcome = await cdnRegistryOf(call.env).createResource({
    kind: "origin-access-control",
    id: newCdnId("E"),
    accountId,
    name: BUCKET_ACCESS.Name,
    record: JSON.stringify(BUCKET_ACCESS),
    references: [],
  });
  if (outcome.outcome !== "ok" && outcome.outcome !== "already-exists") {
    throw apiError("LimitExceeded", "The account has too many origin access controls.");
  }
  const region = call.env.VERGE_REGION ?? "us-east-1";
  return { accountId, origin: bucketOrigin(name, region, outcome.resource.id) };
}
