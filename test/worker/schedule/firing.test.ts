import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { queueOf } from "../../../src/metadata/queue/client.ts";
import { schedulesOf } from "../../../src/metadata/schedule/client.ts";
import type { ScheduleSettings } from "../../../src/metadata/schedule/protocol.ts";
import { createFunction } from "../function/function-fixture.ts";

const OWNER = { accountId: "123456789012", region: "us-east-1" };
const ARN = "arn:aws:lambda:us-east-1:123456789012:function:f";
const NIGHTLY = { group: "default", name: "nightly" };
const schedules = () => schedulesOf(env, OWNER.accountId);

beforeEach(() => createFunction(OWNER.accountId));
afterEach(() => reset());

function settings(expression: string, more: Partial<ScheduleSettings> = {}): ScheduleSettings {
  return {
    expression,
    timeZone: "UTC",
    state: "ENABLED",
    windowMinutes: 0,
    actionAfterCompletion: "NONE",
    target: {
      arn: ARN,
      roleArn: "arn:aws:iam::123456789012:role/r",
      maximumEventAgeInSeconds: 86_400,
      maximumRetryAttempts: 185,
    },
    ...more,
  };
}

const at = (offsetMs: number) => `at(${new Date(Date.now() + offsetMs).toISOString().slice(0, 19)})`;

/** Rings the alarm, as the platform does when it is due. */
const ring = () => runDurableObjectAlarm(env.SCHEDULES.getByName(OWNER.accountId));

/** Moves what waits to be tried again to now, or else the next time of every schedule. */
function makeDue(): Promise<void> {
  return runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, state) => {
    const firings = state.storage.sql.exec("UPDATE firings SET due = 0").rowsWritten;
    if (firings === 0) state.storage.sql.exec("UPDATE schedules SET due = 0 WHERE due IS NOT NULL");
    return state.storage.setAlarm(Date.now() + 60_000);
  });
}

function readEvents(): Promise<Record<string, unknown>[]> {
  return runInDurableObject(env.FUNCTION_EVENTS.getByName(`${OWNER.accountId}:f`), (_, state) => {
    const rows = state.storage.sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM accepted ");
    return rows.toArray().map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>);
  });
}

describe("a schedule that is due", () => {
  it("hands the Scheduler's event to the function, and is planned anew", async () => {
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 hour)"));
    await ring();
    expect(await readEvents()).toEqual([
      expect.objectContaining({
        source: "aws.scheduler",
        account: OWNER.accountId,
        resources: ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"],
      }),
    ]);
    await ring();
    expect(await readEvents()).toHaveLength(1);
    await makeDue();
    await ring();
    expect(await readEvents()).toHaveLength(2);
  });

  it("fills the context into the input", async () => {
    const input =
      '{"at":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>,"arn":"<aws.scheduler.schedule-arn>"}';
    const { target } = settings("rate(1 day)");
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 day)", { target: { ...target, input } }));
    await ring();
    expect(await readEvents()).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
        n: 1,
        arn: "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly",
      },
    ]);
  });

  it("is deleted after its last time if it asks for that", async () => {
    await schedules().createSchedule(OWNER, NIGHTLY, settings(at(3_600_000), { actionAfterCompletion: "DELETE" }));
    await schedules().createSchedule(OWNER, { ...NIGHTLY, name: "kept" }, settings(at(3_600_000)));
    await runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, state) => {
      const past = at(-2_000);
      state.storage.sql.exec("UPDATE schedules SET due = 0, settings = json_set(settings, '$.expression', ?)", past);
    });
    await ring();
    expect(await readEvents()).toHaveLength(2);
    expect(await schedules().findSchedule(NIGHTLY)).toBeUndefined();
    expect(await schedules().findSchedule({ ...NIGHTLY, name: "kept" })).toBeDefined();
  });

  it("is not fired while it is disabled", async () => {
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 minute)", { state: "DISABLED" }));
    expect(await ring()).toBe(false);
    await schedules().updateSchedule(NIGHTLY, settings("rate(1 minute)"));
    await makeDue();
    await ring();
    expect(await readEvents()).toHaveLength(1);
  });

  it("does not make up for more than one time that was missed", async () => {
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 minute)"));
    await runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, state) => {
      const longAgo = Date.now() - 3_600_000;
      state.storage.sql.exec("UPDATE schedules SET created_at = ?, scheduled = ?, due = ?", longAgo, longAgo, longAgo);
    });
    await ring();
    await ring();
    expect(await readEvents()).toHaveLength(1);
  });

  it("waits within its flexible window", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 day)", { windowMinutes: 10 }));
    const due = await runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, state) =>
      state.storage.getAlarm(),
    );
    expect(due! - Date.now()).toBeGreaterThan(4 * 60_000);
    expect(due! - Date.now()).toBeLessThanOrEqual(5 * 60_000);
    vi.restoreAllMocks();
  });
});

describe("an invocation that its target does not take", () => {
  it("is tried again with the same execution id, until its policy is exhausted", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const { target } = settings("rate(1 day)");
    const missing = { ...target, arn: ARN.replace(/f$/, "later"), maximumRetryAttempts: 2 };
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 day)", { target: missing }));
    const ringAgain = async () => {
      await makeDue();
      await ring();
    };
    await ring();
    const firing = () =>
      runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, state) =>
        state.storage.sql.exec("SELECT id, attempts FROM firings").toArray(),
      );
    const [first] = await firing();
    expect(first).toMatchObject({ attempts: 1 });
    await ringAgain();
    expect(await firing()).toEqual([{ id: first!["id"], attempts: 2 }]);
    await ringAgain();
    expect(await firing()).toEqual([]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("default/nightly"));
    warn.mockRestore();
  });

  it("waits for its dead-letter queue, and is put there once", async () => {
    const address = { accountId: OWNER.accountId, name: "dead" };
    const { target } = settings("rate(1 day)");
    const lost = {
      ...target,
      arn: ARN.replace(/f$/, "later"),
      maximumRetryAttempts: 0,
      deadLetterArn: "arn:aws:sqs:us-east-1:123456789012:dead",
    };
    await schedules().createSchedule(OWNER, NIGHTLY, settings("rate(1 day)", { target: lost }));
    await ring();
    await makeDue();
    await ring();
    await queueOf(env, address).create(address, {}, {});
    // As after a crash between the queue's answer and the end of the firing.
    await runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, { storage }) => {
      storage.sql.exec("CREATE TABLE before AS SELECT * FROM firings");
    });
    await makeDue();
    await ring();
    await runInDurableObject(env.SCHEDULES.getByName(OWNER.accountId), (_, { storage }) => {
      storage.sql.exec("INSERT INTO firings SELECT * FROM before");
    });
    await makeDue();
    await ring();
    const received = (await queueOf(env, address).receive({ limit: 10, waitSeconds: 0 }))!;
    expect(received.map(({ details }) => details.attributes?.["EXHAUSTED_RETRY_CONDITION"]?.StringValue)).toEqual([
      "MaximumRetryAttempts",
    ]);
  });
});
