import { afterEach, describe, expect, test, vi } from "vitest";
import { pumpBody, storeUnwatched } from "../../../src/cdn/edge/pump.ts";
import { answerHere } from "../../../src/cdn/origin/call-origin.ts";
import { BodyRecorder } from "../../../src/cdn/store/body-recorder.ts";

afterEach(() => void vi.useRealTimers());

/** A body without an end, at the pace of the test. */
function endlessBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const ended = writer.closed.then(
    () => "closed",
    () => "cancelled",
  );
  // What is written last waits for somebody who reads it.
  const send = () => writer.write(new Uint8Array(10)).catch(() => undefined);
  return { source: readable, send, ended };
}

const recorder = () => new BodyRecorder(crypto.randomUUID(), undefined);

describe("a body without an end", () => {
  test("is stored for half a minute after its viewer has left, and then given up", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { source, send, ended } = endlessBody();
    const { body, recorded } = pumpBody(answerHere(new Response()), source, undefined, recorder());
    const viewer = body.getReader();
    await send();
    expect((await viewer.read()).value).toHaveLength(10);
    vi.setSystemTime(Date.now() + 3_600_000);
    await send();
    expect((await viewer.read()).value).toHaveLength(10);
    await viewer.cancel();
    // Who writes hears of it, a turn later.
    for (let time = 0; time < 3; time++) {
      await send();
      await new Promise((resolve) => setTimeout(resolve));
    }
    vi.setSystemTime(Date.now() + 31_000);
    void send();
    expect(await recorded).toBeUndefined();
    expect(await ended).toBe("cancelled");
  });

  test("that nobody waits for is given up after half a minute", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { source, send, ended } = endlessBody();
    const recorded = storeUnwatched(answerHere(new Response()), source, recorder());
    await send();
    vi.setSystemTime(Date.now() + 31_000);
    void send();
    expect(await recorded).toBeUndefined();
    expect(await ended).toBe("cancelled");
  });
});
