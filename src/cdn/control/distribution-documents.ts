import { element, type XmlContent } from "../../lib/xml.ts";
import { distributionDomain } from "../../metadata/cdn/compile.ts";
import { formatDistributionArn } from "../../metadata/cdn/ids.ts";
import { SNAPSHOT_FRESH_MS } from "../../metadata/cdn/protocol.ts";
import { listBehaviors } from "../../metadata/cdn/references.ts";
import type { KeyGroupConfig, StoredDistribution } from "../../metadata/cdn/registry-protocol.ts";
import type { CdnCall } from "./call.ts";
import { distributionConfigShape, distributionSummaryShape } from "./xml/distribution-shapes.ts";

/** Beyond the time within which every location asks anew: for the answer to get there. */
const MARGIN_MS = 500;
/** As many as can have begun in that time and matter to anyone. */
const MAX_COUNTED = 100;

/** Whether what was changed at a time is in force in every location. */
export function isInForce(changedAt: number, now: number): boolean {
  return now - changedAt >= SNAPSHOT_FRESH_MS + MARGIN_MS;
}

/** The content of a Distribution element. */
export async function describeDistribution(call: CdnCall, distribution: StoredDistribution): Promise<XmlContent> {
  const { id, accountId, modifiedAt, config } = distribution;
  const [inProgress, keyGroups] = await Promise.all([
    countInvalidationsInProgress(call, id),
    describeKeyGroups(call, distribution),
  ]);
  return [
    element("Id", id),
    element("ARN", formatDistributionArn(accountId, id)),
    element("Status", statusOf(distribution)),
    element("LastModifiedTime", new Date(modifiedAt).toISOString()),
    element("InProgressInvalidationBatches", inProgress),
    element("DomainName", distributionDomain(id, call.domain)),
    element("ActiveTrustedSigners", [element("Enabled", false), element("Quantity", 0)]),
    keyGroups,
    element("DistributionConfig", distributionConfigShape.write(config)),
  ];
}

/** The content of a DistributionSummary: the members of a configuration beside those of the distribution. */
export function summariseDistribution(
  { domain }: Pick<CdnCall, "domain">,
  distribution: StoredDistribution,
): XmlContent {
  const { id, accountId, etag, modifiedAt, config } = distribution;
  return [
    element("Id", id),
    element("ARN", formatDistributionArn(accountId, id)),
    element("ETag", etag),
    element("Status", statusOf(distribution)),
    element("LastModifiedTime", new Date(modifiedAt).toISOString()),
    element("DomainName", distributionDomain(id, domain)),
    distributionSummaryShape.write(config),
  ];
}

/** Deployed once every location must have heard of the latest change. */
function statusOf({ pushedAt }: StoredDistribution): "InProgress" | "Deployed" {
  return pushedAt !== undefined && isInForce(pushedAt, Date.now()) ? "Deployed" : "InProgress";
}

async function countInvalidationsInProgress(call: CdnCall, id: string): Promise<number> {
  const now = Date.now();
  const { items } = await call.distribution(id).listInvalidations(undefined, MAX_COUNTED);
  return items.filter(({ createdAt }) => !isInForce(createdAt, now)).length;
}

async function describeKeyGroups(call: CdnCall, { config }: StoredDistribution): Promise<XmlContent> {
  const trusted = listBehaviors(config).filter(({ TrustedKeyGroups }) => TrustedKeyGroups.Enabled);
  const ids = [...new Set(trusted.flatMap(({ TrustedKeyGroups }) => TrustedKeyGroups.Items))];
  const groups = await Promise.all(ids.map((id) => call.registry.findResource("key-group", call.account.id, id)));
  const items = groups.flatMap((group) =>
    group ? [describeKeyGroup(group.id, JSON.parse(group.record) as KeyGroupConfig)] : [],
  );
  return element("ActiveTrustedKeyGroups", [
    element("Enabled", items.length > 0),
    element("Quantity", items.length),
    items.length === 0 ? undefined : element("Items", items),
  ]);
}

function describeKeyGroup(id: string, { Items }: KeyGroupConfig): XmlContent {
  return element("KeyGroup", [
    element("KeyGroupId", id),
    element("KeyPairIds", [
      element("Quantity", Items.length),
      element(
        "Items",
        Items.map((keyId) => element("KeyPairId", keyId)),
      ),
    ]),
  ]);
}
