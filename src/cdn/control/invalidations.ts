import { element, type XmlContent } from "../../lib/xml.ts";
import { type InvalidationItems, isTooLarge, parseInvalidationItems } from "../../metadata/cdn/invalidation-paths.ts";
import type { Invalidation, InvalidationSummary } from "../../metadata/cdn/protocol.ts";
import { answer, API, type CdnCall, type CdnResult, parameter, readDocument } from "./call.ts";
import { isInForce } from "./distribution-documents.ts";
import { requireDistribution } from "./distributions.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { readPage, renderList } from "./paging.ts";
import { quantified, required, type Shape, structure, text } from "./xml/shape.ts";

interface Batch {
  readonly Paths: readonly string[];
  readonly CallerReference: string;
}

const batchShape: Shape<Batch> = structure<Batch>({
  Paths: required(quantified("Path", text)),
  CallerReference: required(text),
});

/** POST …/invalidation: in force everywhere within five seconds. The same request again is the same invalidation. */
export async function createInvalidation(call: CdnCall): Promise<CdnResult> {
  const { Paths, CallerReference } = readDocument(call, "InvalidationBatch", batchShape);
  const { id } = await requireDistribution(call, "DistributionId");
  if (CallerReference === "") throw invalidArgument("The parameter CallerReference must not be empty.");
  const request = { callerReference: CallerReference, ...readItems(Paths) };
  const outcome = await call.distribution(id).createInvalidation(request);
  if (outcome.outcome === "already-exists") {
    throw invalidArgument(
      "Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.",
    );
  }
  // It exists, but its first configuration has not reached its object yet: nothing can have been stored.
  if (outcome.outcome === "no-such-distribution") throw cloudFrontError("NoSuchDistribution");
  const { invalidation } = outcome;
  return {
    status: 201,
    xml: element("Invalidation", describeInvalidation(invalidation)),
    headers: { location: `${call.origin}${API}/distribution/${id}/invalidation/${invalidation.id}` },
  };
}

export async function getInvalidation(call: CdnCall): Promise<CdnResult> {
  const { id } = await requireDistribution(call, "DistributionId");
  const invalidation = await call.distribution(id).findInvalidation(parameter(call, "Id"));
  if (!invalidation) throw cloudFrontError("NoSuchInvalidation");
  return answer("Invalidation", describeInvalidation(invalidation));
}

export async function listInvalidations(call: CdnCall): Promise<CdnResult> {
  const { id } = await requireDistribution(call, "DistributionId");
  const page = readPage(call.query);
  const found = await call.distribution(id).listInvalidations(page.marker || undefined, page.limit);
  const next = found.truncated ? found.items.at(-1)?.id : undefined;
  const items = found.items.map((invalidation) =>
    element("InvalidationSummary", [
      element("Id", invalidation.id),
      element("CreateTime", new Date(invalidation.createdAt).toISOString()),
      element("Status", statusOf(invalidation)),
    ]),
  );
  return { status: 200, xml: renderList("InvalidationList", "marked", { ...page, next }, items) };
}

/** @throws ServiceError InvalidArgument, BatchTooLarge */
function readItems(items: readonly string[]): InvalidationItems {
  if (items.length === 0) throw invalidArgument("Your request must contain at least one invalidation path.");
  if (isTooLarge(items)) throw cloudFrontError("BatchTooLarge");
  const parsed = parseInvalidationItems(items);
  if (!parsed) throw invalidArgument("Your request contains one or more invalid invalidation paths.");
  return parsed;
}

function describeInvalidation(invalidation: Invalidation): XmlContent {
  const { id, createdAt, callerReference, paths, tags } = invalidation;
  const Paths = [...paths, ...tags.map((tag) => `#${tag}`)];
  return [
    element("Id", id),
    element("Status", statusOf(invalidation)),
    element("CreateTime", new Date(createdAt).toISOString()),
    element("InvalidationBatch", batchShape.write({ Paths, CallerReference: callerReference })),
  ];
}

function statusOf({ createdAt }: InvalidationSummary): "InProgress" | "Completed" {
  return isInForce(createdAt, Date.now()) ? "Completed" : "InProgress";
}
