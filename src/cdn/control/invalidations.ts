import { element, type XmlContent } from "../../lib/xml.ts";
import type { Invalidation, InvalidationRequest } from "../../metadata/cdn/protocol.ts";
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

/** "Quotas on invalidations". */
const MAX_PATHS = 3_000;
const MAX_PATH = 4_000;
/** Developer Guide, "What you need to know when invalidating tags": `#tag` in the list of paths. */
const TAG = /^[!-+\--~]{1,256}$/;
/** Percent-encoded where it must be; a wildcard stands at the end alone. */
const PATH = /^\/?[A-Za-z0-9\-._~!$&'()+,;=:@/%?"<>\\^`{|}[\]#]*\*?$/;

/** POST …/invalidation: in force everywhere within five seconds. The same request again is the same invalidation. */
export async function createInvalidation(call: CdnCall): Promise<CdnResult> {
  const { Paths, CallerReference } = readDocument(call, "InvalidationBatch", batchShape);
  const { id } = await requireDistribution(call, "DistributionId");
  if (CallerReference === "") throw invalidArgument("The parameter CallerReference must not be empty.");
  const invalidation = await invalidate(call, id, { callerReference: CallerReference, ...splitPaths(Paths) });
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

/** @throws ServiceError InvalidationBatchAlreadyExists, NoSuchDistribution */
export async function invalidate(
  call: Pick<CdnCall, "distribution">,
  distributionId: string,
  request: InvalidationRequest,
): Promise<Invalidation> {
  const outcome = await call.distribution(distributionId).createInvalidation(request);
  if (outcome.outcome === "ok") return outcome.invalidation;
  if (outcome.outcome === "already-exists") throw cloudFrontError("InvalidationBatchAlreadyExists");
  // It exists, but its first configuration has not reached its object yet: nothing can have been stored.
  throw cloudFrontError("NoSuchDistribution");
}

/**
 * Paths and tags of a list that has both. Tags have no case.
 * @throws ServiceError InvalidArgument, BatchTooLarge
 */
export function splitPaths(items: readonly string[]): {
  readonly paths: readonly string[];
  readonly tags: readonly string[];
} {
  if (items.length === 0) throw invalidArgument("Your request must contain at least one invalidation path.");
  if (items.length > MAX_PATHS) throw cloudFrontError("BatchTooLarge");
  const tags = items.filter((item) => item.startsWith("#")).map((item) => item.slice(1).toLowerCase());
  const paths = items.filter((item) => !item.startsWith("#"));
  if (
    !tags.every((tag) => TAG.test(tag)) ||
    !paths.every((path) => path.length <= MAX_PATH && PATH.test(path) && path !== "")
  ) {
    throw invalidArgument("Your request contains one or more invalid invalidation paths.");
  }
  return { paths, tags };
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

function statusOf({ createdAt }: Invalidation): "InProgress" | "Completed" {
  return isInForce(createdAt, Date.now()) ? "Completed" : "InProgress";
}
