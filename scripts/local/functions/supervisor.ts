import { setTimeout as wait } from "node:timers/promises";
import { type Request, Response } from "miniflare";
import {
  LOSS_URL,
  type LossReport,
  type LossVerdict,
  OVERDUE_URL,
  type OverdueReport,
} from "../../../src/lambda/runtime/remote/wire.ts";
import { FunctionProcess, type ProcessEnd } from "./function-process.ts";

/** All that were lost with a process say so at once; so long they are waited for. */
const GATHER_MILLISECONDS = 100;
/** How long the end of the process may take to be noticed here after its connections broke. */
const NOTICE_MILLISECONDS = 1_000;
/** A sample of the memory is as old as that. */
const SAMPLE_MILLISECONDS = 100;

/** Ends that invocations may still ask about. */
interface RecentEnd extends ProcessEnd {
  readonly at: number;
  /** When the next process listened: who began in between found nobody, and is not to blame. */
  upAt: number;
  readonly lost: LossReport[];
}

/** Starts the process of the functions again when it ends, and says which invocation was to blame. */
export class FunctionSupervisor {
  readonly process: FunctionProcess;
  #last: RecentEnd | undefined;

  constructor(stateDir: string) {
    this.process = new FunctionProcess(stateDir, (end) => this.#noteEnd(end));
  }

  /** Answers what src/lambda/runtime/remote/runtime.ts asks. */
  readonly answer = async (request: Request): Promise<Response> => {
    switch (request.url) {
      case LOSS_URL: {
        const verdict = await this.#judge((await request.json()) as LossReport);
        return Response.json(verdict);
      }
      case OVERDUE_URL:
        await this.process.endIfBusy(((await request.json()) as OverdueReport).deadline);
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 404 });
    }
  };

  #noteEnd(end: ProcessEnd): void {
    const last: RecentEnd = { ...end, at: Date.now(), upAt: Infinity, lost: [] };
    this.#last = last;
    void this.process.ready.catch(() => undefined).then(() => (last.upAt = Date.now()));
    const what = WORDS[end.cause];
    if (what !== undefined) console.error(`${what} The environments of all functions are started again.`);
  }

  async #judge(report: LossReport): Promise<LossVerdict> {
    const end = await this.#findEnd(report);
    if (!end || end.cause === "overdue" || end.cause === "recycled" || report.begin > end.at) {
      await this.process.ready.catch(() => undefined);
      return { cause: "bystander" };
    }
    end.lost.push(report);
    await wait(GATHER_MILLISECONDS);
    await this.process.ready.catch(() => undefined);
    return { cause: findCulprit(end) === report ? end.cause : "bystander" };
  }

  async #findEnd({ begin }: LossReport): Promise<RecentEnd | undefined> {
    for (let waited = 0; waited <= NOTICE_MILLISECONDS; waited += 20) {
      if (this.#last !== undefined && this.#last.upAt >= begin) return this.#last;
      await wait(20);
    }
    return undefined;
  }
}

const WORDS: Readonly<Record<ProcessEnd["cause"], string | undefined>> = {
  memory: "A function exhausted the memory.",
  crash: "The process of the functions ended by itself.",
  overdue: "A function did not give the processor back at its time-out.",
  recycled: undefined,
};

/** The last that began before the memory grew: those that began later found it growing. */
function findCulprit({ lost, onset }: RecentEnd): LossReport | undefined {
  const byBegin = lost.toSorted((one, other) => one.begin - other.begin);
  return byBegin.findLast(({ begin }) => begin <= onset + SAMPLE_MILLISECONDS) ?? byBegin[0];
}
