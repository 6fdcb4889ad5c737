import { element } from "../../lib/xml.ts";
import type { DistributionConfig } from "../../metadata/cdn/distribution-config.ts";
import { newCdnId } from "../../metadata/cdn/ids.ts";
import { isManaged, listDistributionReferences } from "../../metadata/cdn/references.ts";
import type {
  DistributionOutcome,
  Reference,
  ResourceKind,
  StoredDistribution,
} from "../../metadata/cdn/registry-protocol.ts";
import {
  answer,
  answerCreated,
  type CdnCall,
  type CdnResult,
  NOTHING,
  parameter,
  readDocument,
  readIfMatch,
} from "./call.ts";
import { completeDistribution } from "./distribution-defaults.ts";
import { describeDistribution, summariseDistribution } from "./distribution-documents.ts";
import { checkReferences } from "./distribution-references.ts";
import { checkDistribution } from "./distribution-rules.ts";
import { type CloudFrontErrorCode, cloudFrontError, invalidArgument } from "./errors.ts";
import { requireOriginRights } from "./origin-rights.ts";
import { nextMarker, readPage, renderList } from "./paging.ts";
import { checkTags } from "./tag-rules.ts";
import { distributionConfigShape } from "./xml/distribution-shapes.ts";
import { type Tag, tagsShape } from "./xml/function-shapes.ts";
import { required, type Shape, structure } from "./xml/shape.ts";

interface ConfigWithTags {
  readonly DistributionConfig: DistributionConfig;
  readonly Tags: readonly Tag[];
}

const configWithTags: Shape<ConfigWithTags> = structure<ConfigWithTags>({
  DistributionConfig: required(distributionConfigShape),
  Tags: required(tagsShape),
});

export async function createDistribution(call: CdnCall): Promise<CdnResult> {
  const config = readDocument(call, "DistributionConfig", distributionConfigShape);
  return answerNew(call, await createFrom(call, config, {}));
}

export async function createDistributionWithTags(call: CdnCall): Promise<CdnResult> {
  const { DistributionConfig: config, Tags } = readDocument(call, "DistributionConfigWithTags", configWithTags);
  const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  checkTags(tags);
  return answerNew(call, await createFrom(call, config, tags));
}

/** Makes a distribution of a configuration as a client wrote it. */
async function createFrom(
  call: CdnCall,
  written: DistributionConfig,
  tags: Readonly<Record<string, string>>,
): Promise<StoredDistribution> {
  const config = completeDistribution(written);
  checkDistribution(config, call);
  requireOriginRights(config, call);
  await checkReferences(config, call);
  const outcome = await call.registry.createDistribution({
    id: newCdnId("E"),
    accountId: call.account.id,
    tags,
    config,
    references: listDistributionReferences(config),
  });
  return requireDone(outcome);
}

export async function getDistribution(call: CdnCall): Promise<CdnResult> {
  const distribution = await requireDistribution(call);
  return answer("Distribution", await describeDistribution(call, distribution), distribution.etag);
}

export async function getDistributionConfig(call: CdnCall): Promise<CdnResult> {
  const { config, etag } = await requireDistribution(call);
  return answer("DistributionConfig", distributionConfigShape.write(config), etag);
}

export async function updateDistribution(call: CdnCall): Promise<CdnResult> {
  const config = completeDistribution(readDocument(call, "DistributionConfig", distributionConfigShape));
  const etag = readIfMatch(call);
  checkDistribution(config, call);
  requireOriginRights(config, call);
  const before = await requireDistribution(call);
  if (before.config.CallerReference !== config.CallerReference) throw cloudFrontError("IllegalUpdate");
  await checkReferences(config, call);
  const references = listDistributionReferences(config);
  const changed = requireDone(
    await call.registry.changeDistribution(call.account.id, before.id, etag, config, references),
  );
  return answer("Distribution", await describeDistribution(call, changed), changed.etag);
}

export async function deleteDistribution(call: CdnCall): Promise<CdnResult> {
  const id = parameter(call, "Id");
  requireDone(await call.registry.deleteDistribution(call.account.id, id, readIfMatch(call)));
  return NOTHING;
}

export async function listDistributions(call: CdnCall): Promise<CdnResult> {
  const page = readPage(call.query);
  const found = await call.registry.listDistributions(call.account.id, page.marker, page.limit);
  const next = nextMarker(found, ({ id }) => id);
  const items = found.items.map((distribution) =>
    element("DistributionSummary", summariseDistribution(call, distribution)),
  );
  return { status: 200, xml: renderList("DistributionList", "marked", { ...page, next }, items) };
}

/**
 * Ids of the distributions that refer to what the path names.
 * @throws ServiceError NoSuchCachePolicy and its like; of key groups NoSuchResource
 */
export function listDistributionsBy(kind: ResourceKind, name: string): (call: CdnCall) => Promise<CdnResult> {
  return async (call) => {
    const page = readPage(call.query);
    const reference = { kind, id: parameter(call, name) };
    if (!isManaged(reference) && !(await call.registry.findResource(kind, call.account.id, reference.id))) {
      throw cloudFrontError(kind === "key-group" ? "NoSuchResource" : MISSING[kind]);
    }
    const found = await call.registry.listDistributions(call.account.id, page.marker, page.limit, reference);
    const next = nextMarker(found, ({ id }) => id);
    const items = found.items.map(({ id }) => element("DistributionId", id));
    return { status: 200, xml: renderList("DistributionIdList", "marked", { ...page, next }, items) };
  };
}

export async function associateAlias(call: CdnCall): Promise<CdnResult> {
  const id = parameter(call, "TargetDistributionId");
  const alias = (call.query.get("Alias") ?? "").toLowerCase();
  const target = await call.registry.findDistribution(call.account.id, id);
  if (!target) throw cloudFrontError("NoSuchDistribution");
  const Aliases = [...target.config.Aliases.filter((other) => other !== alias), alias];
  checkDistribution({ ...target.config, Aliases }, call);
  requireDone(await call.registry.moveAlias(call.account.id, id, alias));
  return { status: 200 };
}

/** Ids and accounts of others are shown in part, as on AWS. */
export async function listConflictingAliases(call: CdnCall): Promise<CdnResult> {
  const alias = call.query.get("Alias")?.toLowerCase();
  const id = call.query.get("DistributionId");
  if (!alias || !id) throw invalidArgument("The parameters DistributionId and Alias are required.");
  if (!(await call.registry.findDistribution(call.account.id, id))) throw cloudFrontError("NoSuchDistribution");
  const page = readPage(call.query);
  const holders = await call.registry.listConflictingAliases(alias, page.limit);
  const items = holders.map((holder) =>
    element("ConflictingAlias", [
      element("Alias", holder.alias),
      element("DistributionId", hide(holder.distributionId)),
      element("AccountId", hide(holder.accountId)),
    ]),
  );
  return { status: 200, xml: renderList("ConflictingAliasesList", "short", { ...page, next: undefined }, items) };
}

/** @throws ServiceError NoSuchDistribution */
export async function requireDistribution(call: CdnCall, name = "Id"): Promise<StoredDistribution> {
  const found = await call.registry.findDistribution(call.account.id, parameter(call, name));
  if (!found) throw cloudFrontError("NoSuchDistribution");
  return found;
}

async function answerNew(call: CdnCall, created: StoredDistribution): Promise<CdnResult> {
  const content = await describeDistribution(call, created);
  return answerCreated(call, `distribution/${created.id}`, "Distribution", content, created.etag);
}

function requireDone(outcome: DistributionOutcome): StoredDistribution {
  switch (outcome.outcome) {
    case "ok":
      return outcome.distribution;
    case "already-exists":
      throw cloudFrontError(
        "DistributionAlreadyExists",
        `The caller reference that you are using to create a distribution is associated with another distribution. Already exists: ${outcome.distribution.id}`,
      );
    case "alias-taken":
      throw cloudFrontError("CNAMEAlreadyExists");
    case "missing-reference":
      throw describeMissing(outcome.reference);
    case "too-many":
      throw cloudFrontError("TooManyDistributions");
    case "not-found":
      throw cloudFrontError("NoSuchDistribution");
    case "precondition-failed":
      throw cloudFrontError("PreconditionFailed");
    case "not-disabled":
      throw cloudFrontError("DistributionNotDisabled");
  }
}

const MISSING: Readonly<Record<ResourceKind, CloudFrontErrorCode>> = {
  "cache-policy": "NoSuchCachePolicy",
  "origin-request-policy": "NoSuchOriginRequestPolicy",
  "response-headers-policy": "NoSuchResponseHeadersPolicy",
  "origin-access-control": "InvalidOriginAccessControl",
  "origin-access-identity": "InvalidOriginAccessIdentity",
  "public-key": "NoSuchPublicKey",
  "key-group": "TrustedKeyGroupDoesNotExist",
  function: "InvalidFunctionAssociation",
};

function describeMissing({ kind, id }: Reference) {
  if (kind !== "function") return cloudFrontError(MISSING[kind]);
  return cloudFrontError(MISSING[kind], `The function ${id} does not exist, or is not published.`);
}

function hide(id: string): string {
  return id.slice(-5).padStart(id.length, "*");
}
