import {
  DeleteObjectsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** In the order of their UTF-8 bytes, which for the last two is not that of JavaScript strings. */
const KEYS = [
  "a",
  "a b+c&d",
  "b/",
  "b/1",
  "b/2/x",
  "b/2/y",
  "b//z",
  "c%20d",
  "d/e/f",
  "ü",
  "\uff5e tilde",
  "\u{1f600} smile",
];

describe.each([1, 4])("on %i index objects", (shards) => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client, { shards });
    await putKeys(client, bucket, KEYS);
  });

  const list = async (input: Partial<ListObjectsV2CommandInput> = {}) => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ...input }));
    return {
      ...page,
      keys: page.Contents?.map(({ Key }) => Key) ?? [],
      prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
    };
  };

  /** All pages of a listing, each of `MaxKeys` at most. */
  const listPages = async (input: Partial<ListObjectsV2CommandInput>) => {
    const pages = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, ...input })) {
      pages.push([
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ]);
    }
    return pages;
  };

  test("shows all keys in the order of their UTF-8 bytes", async () => {
    const inOrder = KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const { keys, KeyCount, IsTruncated, MaxKeys, Name } = await list();
    expect(keys).toEqual(inOrder);
    expect({ KeyCount, IsTruncated, MaxKeys, Name }).toEqual({
      KeyCount: KEYS.length,
      IsTruncated: false,
      MaxKeys: 1000,
      Name: bucket,
    });
  });

  test.each([1, 2, 3, 5, 11, 12])("pages of %i keys have every key once", async (MaxKeys) => {
    const pages = await listPages({ MaxKeys });
    expect(pages.flat()).toEqual((await list()).keys);
    expect(pages.slice(0, -1).every((page) => page.length === MaxKeys)).toBe(true);
  });

  test("rolls keys up at the delimiter", async () => {
    const { keys, prefixes, KeyCount, Delimiter } = await list({ Delimiter: "/" });
    expect(prefixes).toEqual(["b/", "d/"]);
    expect(keys).toEqual(["a", "a b+c&d", "c%20d", "ü", "\uff5e tilde", "\u{1f600} smile"]);
    expect(KeyCount).toBe(8);
    expect(Delimiter).toBe("/");
  });

  test("looks for the delimiter after the prefix", async () => {
    const { keys, prefixes, Prefix } = await list({ Prefix: "b/", Delimiter: "/" });
    expect(keys).toEqual(["b/", "b/1"]);
    expect(prefixes).toEqual(["b//", "b/2/"]);
    expect(Prefix).toBe("b/");
  });

  test.each([1, 2, 3])("counts a common prefix once over pages of %i", async (MaxKeys) => {
    const pages = await listPages({ Delimiter: "/", MaxKeys });
    expect(pages.flat()).toHaveLength(8);
    expect(new Set(pages.flat())).toEqual(
      new Set(["a", "a b+c&d", "b/", "c%20d", "d/", "ü", "\uff5e tilde", "\u{1f600} smile"]),
    );
  });

  test("takes a delimiter of several characters, and one that is not there", async () => {
    expect((await list({ Delimiter: "2/" })).prefixes).toEqual(["b/2/"]);
    expect((await list({ Delimiter: "|" })).keys).toHaveLength(KEYS.length);
  });

  test("starts after a key, whether or not it exists", async () => {
    expect((await list({ StartAfter: "c%20d" })).keys[0]).toBe("d/e/f");
    const { keys, StartAfter } = await list({ StartAfter: "b/2" });
    expect(keys[0]).toBe("b/2/x");
    expect(StartAfter).toBe("b/2");
    expect((await list({ StartAfter: "\u{1f601}" })).keys).toEqual([]);
  });

  test("prefers the token to start-after", async () => {
    const first = await list({ MaxKeys: 2 });
    const second = await list({ ContinuationToken: first.NextContinuationToken, StartAfter: "z" });
    expect(second.keys[0]).toBe("b/");
    expect(second.ContinuationToken).toBe(first.NextContinuationToken);
  });

  test("pages of the first version go on after the marker", async () => {
    const seen: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await client.send(new ListObjectsCommand({ Bucket: bucket, MaxKeys: 5, Marker }));
      expect(page.NextMarker).toBeUndefined();
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
      Marker = page.IsTruncated ? page.Contents?.at(-1)?.Key : undefined;
    } while (Marker !== undefined);
    expect(seen).toEqual((await list()).keys);
  });

  test("the first version tells the next marker where there is a delimiter", async () => {
    const page = await client.send(new ListObjectsCommand({ Bucket: bucket, Delimiter: "/", MaxKeys: 3 }));
    expect(page.NextMarker).toBe("b/");
    const next = await client.send(
      new ListObjectsCommand({ Bucket: bucket, Delimiter: "/", MaxKeys: 3, Marker: page.NextMarker }),
    );
    expect(next.Contents?.map(({ Key }) => Key)).toEqual(["c%20d", "ü"]);
    expect(next.CommonPrefixes).toEqual([{ Prefix: "d/" }]);
    expect(next.Marker).toBe("b/");
  });

  test("a marker inside a common prefix leaves it behind in the first version, and in the second it comes again", async () => {
    const first = await client.send(new ListObjectsCommand({ Bucket: bucket, Delimiter: "/", Marker: "b/0" }));
    expect(first.CommonPrefixes).toEqual([{ Prefix: "d/" }]);
    const second = await client.send(new ListObjectsV2Command({ Bucket: bucket, Delimiter: "/", StartAfter: "b/0" }));
    expect(second.CommonPrefixes).toEqual([{ Prefix: "b/" }, { Prefix: "d/" }]);
  });

  test("concurrent writes and deletes neither skip nor repeat a key that stays", async () => {
    const own = await makeBucket(client, { shards });
    const stays = Array.from({ length: 40 }, (_, number) => `k${String(number).padStart(2, "0")}`);
    await putKeys(client, own, stays);
    const churn = (async () => {
      for (let round = 0; round < 15; round++) {
        const passing = [`k0${round % 10}-passing`, `k2${round % 10}-passing`];
        await putKeys(client, own, passing);
        await client.send(
          new DeleteObjectsCommand({ Bucket: own, Delete: { Objects: passing.map((Key) => ({ Key })) } }),
        );
      }
    })();
    const seen = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: own, MaxKeys: 3 })) {
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key!).filter((key) => !key.endsWith("passing")));
    }
    await churn;
    expect(seen).toEqual(stays);
  });

  test("with encoding-type=url everything that comes from keys is encoded", async () => {
    const { status, text } = await signedFetch(verge, {
      target: `/${bucket}?list-type=2&encoding-type=url&prefix=a%20b%2B&start-after=a%20&delimiter=%26`,
    });
    expect(status).toBe(200);
    expect(text).toContain("<Prefix>a%20b%2B</Prefix>");
    expect(text).toContain("<StartAfter>a%20</StartAfter>");
    expect(text).toContain("<Delimiter>%26</Delimiter>");
    expect(text).toContain("<CommonPrefixes><Prefix>a%20b%2Bc%26</Prefix></CommonPrefixes>");
    expect(text).toContain("<EncodingType>url</EncodingType>");
    const all = await signedFetch(verge, { target: `/${bucket}?encoding-type=url` });
    expect(all.text).toContain("<Key>c%2520d</Key>");
    expect(all.text).toContain("<Key>%F0%9F%98%80%20smile</Key>");
    expect(all.text).toContain("<Key>b/2/x</Key>");
  });
});

describe("an entry", () => {
  test("says what a HEAD would say of the object", async () => {
    const bucket = await makeBucket(client);
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: "k",
        Body: "12345",
        StorageClass: "STANDARD_IA",
        ChecksumAlgorithm: "SHA256",
      }),
    );
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket, FetchOwner: true }));
    expect(Contents).toHaveLength(1);
    const [entry] = Contents!;
    expect(entry).toMatchObject({
      Key: "k",
      Size: 5,
      ETag: '"827ccb0eea8a706c4c34a16891f84e7b"',
      StorageClass: "STANDARD_IA",
      ChecksumAlgorithm: ["SHA256"],
      ChecksumType: "FULL_OBJECT",
    });
    expect(entry?.Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
    expect(Math.abs(entry!.LastModified!.getTime() - Date.now())).toBeLessThan(10_000);
  });

  test("shows its owner in the second version only when asked", async () => {
    const bucket = await makeBucket(client);
    await putKeys(client, bucket, ["k"]);
    const second = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(second.Contents?.[0]?.Owner).toBeUndefined();
    const first = await client.send(new ListObjectsCommand({ Bucket: bucket }));
    expect(first.Contents?.[0]?.Owner?.DisplayName).toBeTruthy();
  });

  test("of a key with control characters is found again through encoding-type=url", async () => {
    const bucket = await makeBucket(client);
    const keys = ["bell\u0007", "line\nfeed", "return\r"];
    await putKeys(client, bucket, keys);
    const { text } = await signedFetch(verge, { target: `/${bucket}?encoding-type=url` });
    expect([...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => decodeURIComponent(key!))).toEqual(keys);
    const plain = await signedFetch(verge, { target: `/${bucket}` });
    expect(plain.text).toContain("<Key>bell&#x7;</Key>");
    expect(plain.text).toContain("<Key>return&#13;</Key>");
  });
});

describe("the parameters", () => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client);
    await putKeys(client, bucket, ["a", "b"]);
  });

  test("max-keys=0 is an empty page that is complete", async () => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 0 }));
    expect(page).toMatchObject({ KeyCount: 0, MaxKeys: 0, IsTruncated: false });
    expect(page.NextContinuationToken).toBeUndefined();
  });

  test("max-keys beyond 1,000 means 1,000", async () => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 5000 }));
    expect(page.MaxKeys).toBe(1000);
  });

  test("empty ones count as absent", async () => {
    const { status, text } = await signedFetch(verge, {
      target: `/${bucket}?list-type=2&delimiter=&prefix=&continuation-token=&max-keys=&start-after=`,
    });
    expect(status).toBe(200);
    expect(text).not.toContain("<Delimiter");
    expect(text).toContain("<Prefix/>");
    expect(text).toContain("<ContinuationToken/>");
    expect(text).toContain("<KeyCount>2</KeyCount>");
  });

  test.each([
    ["max-keys=x", "Provided max-keys not an integer or within integer range"],
    ["max-keys=99999999999", "Provided max-keys not an integer or within integer range"],
    ["max-keys=-1", "Argument maxKeys must be an integer between 0 and 2147483647"],
    ["continuation-token=nonsense", "The continuation token provided is incorrect"],
    ["encoding-type=base64", "Invalid Encoding Method specified in Request"],
  ])("%s is an InvalidArgument", async (query, message) => {
    const answer = await signedFetch(verge, { target: `/${bucket}?list-type=2&${query}` });
    expect([answer.status, answer.code, answer.message]).toEqual([400, "InvalidArgument", message]);
  });

  test("a bucket that does not exist is NoSuchBucket", async () => {
    expect(await failureOf(client.send(new ListObjectsV2Command({ Bucket: "no-such" })))).toMatchObject({
      code: "NoSuchBucket",
      status: 404,
    });
  });

  test("optional attributes are accepted", async () => {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, OptionalObjectAttributes: ["RestoreStatus"] }),
    );
    expect(page.KeyCount).toBe(2);
  });
});
