import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  claimStep,
  endStep,
  type InventoryClaim,
  type InventoryStep,
  nextInventory,
  releaseStep,
  takeDueSteps,
} from "../../../src/metadata/bucket/inventory.ts";
import { readInventoryPage } from "../../../src/metadata/bucket/inventory-page.ts";
import { createIndex, type Fixture, inline } from "./index-fixture.ts";
import { createVersioned, putVersion, remove } from "./versioned.ts";

const DAY = 24 * 3600_000;
const MINUTE = 60_000;
/** A Wednesday. */
const NOON = Date.parse("2026-03-04T12:00:00Z");

const describeReport = (id: string, frequency: "Daily" | "Weekly", enabled = true): string =>
  JSON.stringify([
    ["Id", id],
    ["IsEnabled", String(enabled)],
    ["IncludedObjectVersions", "All"],
    ["Schedule", [["Frequency", frequency]]],
    ["Destination", [["S3BucketDestination", [["Bucket", "arn:aws:s3:::reports"]]]]],
  ]);

/** The first index object's side of the reports, at times that the test chooses. */
async function openReports(inventory: Record<string, string>) {
  const index = await createIndex();
  const config = { ...index.config, documents: { numbered: { inventory } } };
  const clockAt = (now: number) => ({ now, dayMs: DAY, name: "b/inventory" });
  const inside = <Answer>(work: (sql: SqlStorage) => Answer): Promise<Answer> =>
    runInDurableObject(index.stub, (_, { storage: { sql } }) => work(sql));
  return {
    next: (now: number) => inside((sql) => nextInventory(sql, config.documents, clockAt(now))),
    due: (now: number) => inside((sql) => takeDueSteps(sql, config.documents, clockAt(now))),
    claim: (step: InventoryStep, now: number, { bucket = config, claimant = "another" } = {}) =>
      inside((sql) => claimStep(sql, bucket, { ...step, claimant }, { now, dayMs: DAY })),
    end: (step: InventoryStep, next?: InventoryClaim["run"]) => inside((sql) => endStep(sql, step, next)),
    release: (step: InventoryStep) => inside((sql) => releaseStep(sql, step)),
  };
}

describe("reports of a bucket", () => {
  it("are due on the day after they were asked for, weekly ones on Sundays, disabled ones never", async () => {
    const reports = await openReports({
      daily: describeReport("daily", "Daily"),
      weekly: describeReport("weekly", "Weekly"),
      off: describeReport("off", "Daily", false),
    });
    const tomorrow = (await reports.next(NOON))!;
    expect(new Date(tomorrow).toISOString()).toMatch(/^2026-03-05T00:/);
    expect(await reports.due(NOON + MINUTE)).toEqual([]);
    expect(await reports.due(tomorrow)).toEqual([{ id: "daily", step: 0 }]);
    await reports.end({ id: "daily", step: 0 });
    expect(await reports.due(tomorrow + MINUTE)).toEqual([]);
    const sunday = await reports.due(tomorrow + 3 * DAY);
    expect(sunday).toEqual([
      { id: "daily", step: 0 },
      { id: "weekly", step: 0 },
    ]);
  });

  it("are never due where none is enabled", async () => {
    const reports = await openReports({ off: describeReport("off", "Daily", false) });
    expect(await reports.next(NOON)).toBeUndefined();
  });

  it("go on after a step that was lost, and take no step twice", async () => {
    const reports = await openReports({ r: describeReport("r", "Daily") });
    const at = (await reports.next(NOON))!;
    const [step] = await reports.due(at);
    const claim = await reports.claim(step!, at, { claimant: "one" });
    expect(claim?.run).toMatchObject({ id: "r", step: 0, shard: 0, startedAt: at });
    // Its answer may have been lost.
    expect((await reports.claim(step!, at, { claimant: "one" }))?.run).toMatchObject({ id: "r", step: 0 });
    expect(await reports.claim(step!, at + MINUTE)).toBeUndefined();
    expect(await reports.next(at)).toBe(at + MINUTE);
    expect(await reports.due(at + MINUTE)).toEqual([]);
    // Nobody has ended it: it is anybody's again.
    expect(await reports.due(at + 10 * MINUTE)).toEqual([step]);
    const again = await reports.claim(step!, at + 10 * MINUTE);
    await reports.end(step!, { ...again!.run, step: 1, shard: 1 });
    // The first one comes back.
    await reports.end(step!, { ...claim!.run, step: 1, shard: 7 });
    expect(await reports.claim(step!, at + 11 * MINUTE)).toBeUndefined();
    const second = { id: "r", step: 1 };
    expect((await reports.claim(second, at + 11 * MINUTE))?.run).toMatchObject({ shard: 1, attempts: 1 });
    await reports.release(second);
    expect((await reports.claim(second, at + 11 * MINUTE))?.run).toMatchObject({ attempts: 2 });
    await reports.end(second);
    expect(await reports.due(at + 20 * MINUTE)).toEqual([]);
  });

  it("are given up when they fail again and again, or when their configuration is deleted", async () => {
    const reports = await openReports({ r: describeReport("r", "Daily") });
    const at = (await reports.next(NOON))!;
    const [step] = await reports.due(at);
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(await reports.claim(step!, at)).toBeDefined();
      await reports.release(step!);
    }
    expect(await reports.claim(step!, at)).toBeUndefined();
    expect(await reports.due(at + MINUTE)).toEqual([]);
    expect(await reports.due(at + DAY)).toEqual([step]);
    const { config } = await createIndex();
    expect(
      await reports.claim(step!, at + DAY, { bucket: { ...config, documents: { numbered: { inventory: {} } } } }),
    ).toBe(undefined);
    expect(await reports.due(at + DAY + MINUTE)).toEqual([]);
  });
});

describe("what a report tells", () => {
  const read = async (index: Fixture, allVersions: boolean, limit = 1) => {
    const rows: string[] = [];
    for (let after: { key: string; sequence: number } | undefined; ;) {
      const call = { prefix: "", allVersions, limit, ...(after && { after }) };
      const { entries } = await runInDurableObject(index.stub, (_, { storage: { sql } }) =>
        readInventoryPage(sql, call),
      );
      for (const { key, latest, deleteMarker } of entries) {
        rows.push(`${key}${latest ? " latest" : ""}${deleteMarker ? " marker" : ""}`);
      }
      after = entries.at(-1);
      if (!after) return rows;
    }
  };

  it("is each version once, page by page, also amid those of one key", async () => {
    const index = await createVersioned();
    for (const key of ["a", "a", "a", "b", "c"]) await putVersion(index, key, { body: inline(key) });
    await remove(index, { key: "c" });
    const all = ["a latest", "a", "a", "b latest", "c latest marker", "c"];
    for (const limit of [1, 2, 100]) expect(await read(index, true, limit)).toEqual(all);
    expect(await read(index, false)).toEqual(["a latest", "b latest"]);
  });
});
