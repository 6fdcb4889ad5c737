import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Subscription } from "../../../src/metadata/bucket/documents.ts";
import { type Audience, describeEvent, type EventObject } from "../../../src/metadata/bucket/event-record.ts";
import { findSubscriptions } from "../../../src/metadata/bucket/subscriptions.ts";

const audience: Audience = {
  config: {
    bucketId: "id",
    revision: 2,
    name: "photos",
    accountId: "123456789012",
    region: "eu-central-1",
    createdAt: 0,
    shards: 1,
  },
  context: {
    operation: "PutObject",
    requestId: "REQUEST",
    hostId: "HOST",
    principalId: "AWS:210987654321",
    sourceAddress: "192.0.2.7",
  },
};

interface EventRecord {
  readonly eventVersion: string;
  readonly s3: { readonly object: { readonly key: string; readonly sequencer?: string } };
}

function recordOf(name: string, object: EventObject, sequence = 0x1af): EventRecord {
  const happening = { name, at: Date.UTC(2026, 0, 2, 3, 4, 5, 6), sequence, position: 2 };
  const { Records } = JSON.parse(describeEvent(audience, "thumbnails", happening, object)) as {
    Records: [EventRecord];
  };
  expect(Records).toHaveLength(1);
  return Records[0];
}
const keyOf = (key: string) => recordOf("ObjectCreated:Put", { key }).s3.object.key;

describe("the record of an event", () => {
  it("has the fields that S3 documents, in version 2.1", () => {
    const object = { key: "in/a b.jpg", size: 1024, etag: "0123", versionId: "null" };
    expect(recordOf("ObjectCreated:Put", object)).toEqual({
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: "eu-central-1",
      eventTime: "2026-01-02T03:04:05.006Z",
      eventName: "ObjectCreated:Put",
      userIdentity: { principalId: "AWS:210987654321" },
      requestParameters: { sourceIPAddress: "192.0.2.7" },
      responseElements: { "x-amz-request-id": "REQUEST", "x-amz-id-2": "HOST" },
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "thumbnails",
        bucket: {
          name: "photos",
          ownerIdentity: { principalId: "123456789012" },
          arn: "arn:aws:s3:::photos",
        },
        object: { key: "in/a+b.jpg", size: 1024, eTag: "0123", sequencer: "000000000001AF0002" },
      },
    });
  });

  it("names the version of a bucket with versions", () => {
    const { s3 } = recordOf("ObjectRemoved:Delete", { key: "a", versionId: "v1" });
    expect(s3.object).toEqual({ key: "a", versionId: "v1", sequencer: "000000000001AF0002" });
  });

  it("gives a delete marker the ETag of nothing", () => {
    const { s3 } = recordOf("ObjectRemoved:DeleteMarkerCreated", { key: "a", versionId: "v2" });
    const eTag = createHash("md5").update("").digest("hex");
    expect(s3.object).toEqual({ key: "a", eTag, versionId: "v2", sequencer: "000000000001AF0002" });
  });

  it("has no sequencer and no size for tags, and says version 2.3", () => {
    const { eventVersion, s3 } = recordOf("ObjectTagging:Put", { key: "a", etag: "0123" });
    expect(eventVersion).toBe("2.3");
    expect(s3.object).toEqual({ key: "a", eTag: "0123" });
  });

  it("orders by the sequencer as text", () => {
    const sequencers = [1, 15, 16, 255, 2 ** 40].map(
      (sequence) => recordOf("ObjectCreated:Put", { key: "a" }, sequence).s3.object.sequencer ?? "",
    );
    expect(sequencers.toSorted()).toEqual(sequencers);
  });

  it("encodes keys as forms do, and leaves slashes", () => {
    expect(keyOf("red flower.jpg")).toBe("red+flower.jpg");
    expect(keyOf("a+b&c=d/é~(1)'!*.txt")).toBe("a%2Bb%26c%3Dd/%C3%A9%7E%281%29%27%21*.txt");
    expect(keyOf("100%")).toBe("100%25");
  });
});

describe("subscriptions", () => {
  const find = (one: Partial<Subscription>, name: string, key: string): boolean => {
    const subscription = { id: "1", destination: "arn", events: ["s3:ObjectCreated:*"], ...one };
    return findSubscriptions({ subscriptions: [subscription], eventBridge: false }, name, key).length === 1;
  };

  it("cover an event by name or by wildcard", () => {
    expect(find({}, "ObjectCreated:Copy", "a")).toBe(true);
    expect(find({}, "ObjectRemoved:Delete", "a")).toBe(false);
    expect(find({ events: ["s3:ObjectCreated:Put"] }, "ObjectCreated:Put", "a")).toBe(true);
    expect(find({ events: ["s3:ObjectCreated:Put"] }, "ObjectCreated:Post", "a")).toBe(false);
    expect(find({ events: ["s3:ObjectTagging:Put", "s3:ObjectRemoved:*"] }, "ObjectRemoved:Delete", "a")).toBe(true);
  });

  it("look at prefix and suffix", () => {
    const images = { prefix: "images/", suffix: ".jpg" };
    expect(find(images, "ObjectCreated:Put", "images/a.jpg")).toBe(true);
    expect(find(images, "ObjectCreated:Put", "images/a.png")).toBe(false);
    expect(find(images, "ObjectCreated:Put", "other/images/a.jpg")).toBe(false);
  });

  it("read the encoding of filters, and what is not encoded", () => {
    expect(find({ prefix: "my+files/" }, "ObjectCreated:Put", "my files/a")).toBe(true);
    expect(find({ prefix: "year%3D2026/" }, "ObjectCreated:Put", "year=2026/a")).toBe(true);
    expect(find({ prefix: "year=2026/" }, "ObjectCreated:Put", "year=2026/a")).toBe(true);
    expect(find({ suffix: "100%" }, "ObjectCreated:Put", "is 100%")).toBe(true);
  });

  it("are none in a bucket that notifies nobody", () => {
    expect(findSubscriptions(undefined, "ObjectCreated:Put", "a")).toEqual([]);
  });
});
