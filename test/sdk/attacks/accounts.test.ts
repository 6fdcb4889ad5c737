import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyone } from "../../../src/lib/operation.ts";
import { s3Operations } from "../../../src/s3/operations.ts";
import type { RawAnswer } from "../../support/raw-http.ts";
import { type Aim, nameRow, requestRow } from "./operation-rows.ts";
import { BUCKET, CANARY, expectRefusal, FOREIGN_BUCKET, startTarget, type Target } from "./target.ts";

// Attack class 6 and "a bucket and its objects are for its account alone": every row of the table.

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(async () => {
  await target.expectUntouched();
  await target.stop();
});

const protectedRows = s3Operations.filter((row) => row.access !== anyone).map((row) => ({ label: nameRow(row), row }));
/** At the service level there is no bucket to be foreign; a name that is taken is answered as such. */
const foreignRows = protectedRows.filter(({ row }) => row.path !== "/" && row.name !== "CreateBucket");

/** Root's bucket, with a copy source that root may read. */
const AIM: Aim = { bucket: BUCKET, key: CANARY, copySource: `${BUCKET}/${CANARY}` };

function expectDenied(method: string, answer: RawAnswer): void {
  expect(answer.status).toBe(403);
  if (method !== "HEAD") expectRefusal(answer, 403, "AccessDenied");
}

describe("attack class 6: an anonymous caller", () => {
  it.each(protectedRows)("is denied $label", async ({ row }) => {
    const body = row.method === "GET" || row.method === "HEAD" ? {} : { body: "" };
    expectDenied(row.method, await target.sendAnonymous({ ...requestRow(row, AIM), ...body }));
  });
});

describe("attack class 6: a foreign account", () => {
  it.each(foreignRows)("is denied $label", async ({ row }) => {
    const body = row.method === "GET" || row.method === "HEAD" ? {} : { body: "" };
    expectDenied(row.method, await target.sendAs(target.foreignKey, { ...requestRow(row, AIM), ...body }));
  });

  it("cannot take the name of a bucket", async () => {
    const answer = await target.sendAs(target.foreignKey, { method: "PUT", target: `/${BUCKET}`, body: "" });
    expectRefusal(answer, 409, "BucketAlreadyExists");
  });

  it("does not see the buckets of others", async () => {
    const answer = await target.sendAs(target.foreignKey, { method: "GET", target: "/" });
    expect(answer.body.toString()).toContain(`<Name>${FOREIGN_BUCKET}</Name>`);
    expect(answer.body.toString()).not.toContain(BUCKET);
  });
});

describe("attack class 6: a copy source that the caller may not read", () => {
  const rows = protectedRows.filter(({ row }) => row.headers?.includes("x-amz-copy-source"));
  const spellings = [
    `${FOREIGN_BUCKET}/${CANARY}`,
    `/${FOREIGN_BUCKET}/${CANARY}`,
    `%2F${FOREIGN_BUCKET}%2F${CANARY}`,
    `${FOREIGN_BUCKET}/${CANARY}?versionId=null`,
  ];

  it.each(rows)("is denied to $label, however it is written", async ({ row }) => {
    for (const copySource of spellings) {
      expectRefusal(
        await target.send({ ...requestRow(row, { ...AIM, key: "copy", copySource }), body: "" }),
        403,
        "AccessDenied",
      );
    }
  });

  it.each(rows)("is denied to $label whether or not the object exists", async ({ row }) => {
    const copySource = `${FOREIGN_BUCKET}/missing`;
    expectRefusal(await target.send({ ...requestRow(row, { ...AIM, copySource }), body: "" }), 403, "AccessDenied");
  });

  it.each(rows)("does not become readable to $label by a second header", async ({ row }) => {
    const draft = requestRow(row, { ...AIM, key: "copy", copySource: `${BUCKET}/${CANARY}` });
    const answer = await target.send({
      ...draft,
      body: "",
      unsigned: { "X-Amz-Copy-Source": `${FOREIGN_BUCKET}/${CANARY}` },
    });
    // The platform joins the two into one value, which nobody signed.
    expectRefusal(answer, 403, "SignatureDoesNotMatch");
  });
});
