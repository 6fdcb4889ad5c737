import { element, optionalElement, type XmlElement } from "../lib/xml.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { BucketEntry } from "../metadata/registry/protocol.ts";
import { bucketArn } from "./bucket-name.ts";
import { callerAccount, type S3Call, type S3Result } from "./call.ts";
import { readInteger } from "./checks.ts";
import { decodeContinuationToken, encodeContinuationToken } from "./continuation-token.ts";
import { ownerElement } from "./owner.ts";

const MAX_BUCKETS = 10_000;

/** ListBuckets: the caller's buckets by name, a page of them at a time when `max-buckets` asks for less than all. */
export async function listBuckets(call: S3Call): Promise<S3Result> {
  const account = callerAccount(call);
  const limit = readInteger("max-buckets", call.query.get("max-buckets"), MAX_BUCKETS, 1, MAX_BUCKETS);
  const token = call.query.get("continuation-token");
  const prefix = call.query.get("prefix");
  const region = call.query.get("bucket-region");
  const page = await askRegistry(call.env, (registry) =>
    registry.listBuckets({
      accountId: account.id,
      limit,
      ...(token ? { after: decodeContinuationToken(token) } : {}),
      ...(prefix ? { prefix } : {}),
      ...(region ? { region } : {}),
    }),
  );
  // A deletion that a crash interrupted has been decided: only the name is still taken.
  const buckets = page.items.filter((bucket) => bucket.state === "active");
  return {
    xml: element(
      "ListAllMyBucketsResult",
      ownerElement(account),
      element("Buckets", buckets.map(bucketElement)),
      optionalElement("ContinuationToken", page.next && encodeContinuationToken(page.next)),
      optionalElement("Prefix", prefix),
    ),
  };
}

function bucketElement({ name, createdAt, region }: BucketEntry): XmlElement {
  return element(
    "Bucket",
    element("Name", name),
    element("CreationDate", new Date(createdAt).toISOString()),
    element("BucketRegion", region),
    element("BucketArn", bucketArn(name)),
  );
}
