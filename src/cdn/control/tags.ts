import { element } from "../../lib/xml.ts";
import { type CdnCall, type CdnResult, NOTHING, readDocument } from "./call.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { changeFunctionTags, findFunction } from "./functions.ts";
import { checkTags } from "./tag-rules.ts";
import { tagKeysShape, tagsShape } from "./xml/function-shapes.ts";

export async function tagResource(call: CdnCall): Promise<CdnResult> {
  const given = readDocument(call, "Tags", tagsShape);
  const tags = Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]));
  if (Object.keys(tags).length < given.length) throw cloudFrontError("InvalidTagging");
  checkTags(tags);
  await changeTags(call, tags, []);
  return NOTHING;
}

export async function untagResource(call: CdnCall): Promise<CdnResult> {
  await changeTags(call, {}, readDocument(call, "TagKeys", tagKeysShape));
  return NOTHING;
}

export async function listTagsForResource(call: CdnCall): Promise<CdnResult> {
  const target = readTarget(call);
  const tags =
    target.kind === "function" ? (await findFunction(call, target.arn)).record.tags : await readTags(call, target.id);
  const items = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return { status: 200, xml: element("Tags", tagsShape.write(items)) };
}

type Target =
  | { readonly kind: "function"; readonly arn: string }
  | { readonly kind: "distribution"; readonly id: string };

/** The ARN in `Resource`. */
function readTarget({ query, account }: CdnCall): Target {
  const arn = query.get("Resource") ?? "";
  const [, accountId, kind, id] =
    /^arn:aws:cloudfront::(\d{12}):(distribution|function)\/([A-Za-z0-9-_]+)$/.exec(arn) ?? [];
  if (id === undefined) throw invalidArgument("The parameter Resource must be the ARN of a distribution or function.");
  if (accountId !== account.id) throw cloudFrontError("NoSuchResource");
  return kind === "function" ? { kind, arn } : { kind: "distribution", id };
}

async function readTags(call: CdnCall, id: string): Promise<Readonly<Record<string, string>>> {
  const distribution = await call.registry.findDistribution(call.account.id, id);
  if (!distribution) throw cloudFrontError("NoSuchResource");
  return distribution.tags;
}

async function changeTags(
  call: CdnCall,
  put: Readonly<Record<string, string>>,
  removed: readonly string[],
): Promise<void> {
  const target = readTarget(call);
  if (target.kind === "function") {
    await changeFunctionTags(call, target.arn, (tags) => {
      const next = Object.fromEntries(Object.entries({ ...tags, ...put }).filter(([key]) => !removed.includes(key)));
      checkTags(next);
      return next;
    });
    return;
  }
  const outcome = await call.registry.changeDistributionTags(call.account.id, target.id, put, removed);
  if (outcome.outcome === "too-many") throw cloudFrontError("InvalidTagging");
  if (outcome.outcome !== "ok") throw cloudFrontError("NoSuchResource");
}
