import { describe, expect, test } from "vitest";
import { SOON } from "../support/replication.ts";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";

describe.skipIf(program === "")("aws s3api put-bucket-replication", () => {
  const cli = useAwsCli(program);
  const aws = (...args: string[]) => cli.read(args);

  test("what is put into one bucket is found in the other, under its version id", async () => {
    for (const bucket of ["first", "second"]) {
      await aws("s3api", "create-bucket", "--bucket", bucket);
      const versioning = ["--versioning-configuration", "Status=Enabled"];
      await aws("s3api", "put-bucket-versioning", "--bucket", bucket, ...versioning);
    }
    const { Account } = await aws("sts", "get-caller-identity");
    const configuration = {
      Role: `arn:aws:iam::${String(Account)}:role/replicator`,
      Rules: [
        {
          ID: "all",
          Status: "Enabled",
          Priority: 1,
          Filter: { Prefix: "" },
          DeleteMarkerReplication: { Status: "Enabled" },
          Destination: { Bucket: "arn:aws:s3:::second", StorageClass: "STANDARD_IA" },
        },
      ],
    };
    const document = ["--replication-configuration", JSON.stringify(configuration)];
    await aws("s3api", "put-bucket-replication", "--bucket", "first", ...document);
    expect(await aws("s3api", "get-bucket-replication", "--bucket", "first")).toEqual({
      ReplicationConfiguration: configuration,
    });
    const object = ["--key", "a.txt", "--metadata", "color=blue"];
    const { VersionId } = await aws("s3api", "put-object", "--bucket", "first", ...object);
    const head = (bucket: string) => aws("s3api", "head-object", "--bucket", bucket, "--key", "a.txt");
    await expect.poll(async () => (await head("first"))["ReplicationStatus"], SOON).toBe("COMPLETED");
    expect(await head("second")).toMatchObject({
      VersionId,
      ReplicationStatus: "REPLICA",
      StorageClass: "STANDARD_IA",
      Metadata: { color: "blue" },
    });
  });
});
