import type { BenchCase, SideName } from "./cases.ts";
import { median, type Measurement } from "./load.ts";

/** All rounds of one case. */
export interface CaseResult {
  readonly one: BenchCase;
  readonly rounds: Readonly<Record<SideName, readonly Measurement[]>>;
}

export interface Summary {
  readonly requestsPerSecond: number;
  readonly slowestRound: number;
  readonly fastestRound: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** Milliseconds of the server's CPU a request. */
  readonly serverCpu: number;
}

/** Medians over the rounds. */
export function summarize(rounds: readonly Measurement[]): Summary {
  const rates = rounds.map((round) => round.requestsPerSecond);
  return {
    requestsPerSecond: median(rates),
    slowestRound: Math.min(...rates),
    fastestRound: Math.max(...rates),
    median: median(rounds.map((round) => round.median)),
    p99: median(rounds.map((round) => round.p99)),
    serverCpu: median(rounds.map((round) => round.serverCpu)),
  };
}

export interface Ratios {
  readonly toBare: number;
  readonly toS3rver: number;
  readonly reached: boolean;
}

export function compare({ one, rounds }: CaseResult): Ratios {
  const verge = summarize(rounds.verge).requestsPerSecond;
  const toBare = verge / summarize(rounds.bare).requestsPerSecond;
  const toS3rver = verge / summarize(rounds.s3rver).requestsPerSecond;
  return { toBare, toS3rver, reached: toBare >= one.goal && (!one.beatsS3rver || toS3rver > 1) };
}

/** Tables in Markdown, so that they can be pasted as they are: throughput with its goals, latency, CPU. */
export function renderReport(results: readonly CaseResult[]): string {
  const throughput = [
    "| requests/s | bare | Verge | s3rver | Verge/bare | goal | Verge/s3rver | goal | |",
    "|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ...results.map(renderThroughput),
  ];
  const latency = ["| median / p99, ms | bare | Verge | s3rver |", "|---|--:|--:|--:|", ...results.map(renderLatency)];
  const cpu = [
    "| server's CPU a request, ms | bare | Verge | s3rver | bare/Verge |",
    "|---|--:|--:|--:|--:|",
    ...results.map(renderCpu),
  ];
  return [...throughput, "", ...latency, "", ...cpu, ...renderWarnings(results)].join("\n");
}

function renderThroughput(result: CaseResult): string {
  const { one, rounds } = result;
  const { toBare, toS3rver, reached } = compare(result);
  const cells = [
    one.name,
    formatRate(summarize(rounds.bare)),
    formatRate(summarize(rounds.verge)),
    formatRate(summarize(rounds.s3rver)),
    toBare.toFixed(2),
    one.goal.toFixed(2),
    toS3rver.toFixed(2),
    one.beatsS3rver ? "> 1" : "",
    reached ? "reached" : "MISSED",
  ];
  return `| ${cells.join(" | ")} |`;
}

function renderLatency({ one, rounds }: CaseResult): string {
  const cell = (measurements: readonly Measurement[]) => {
    const { median: middle, p99 } = summarize(measurements);
    return `${middle.toFixed(1)} / ${p99.toFixed(1)}`;
  };
  return `| ${[one.name, cell(rounds.bare), cell(rounds.verge), cell(rounds.s3rver)].join(" | ")} |`;
}

function renderCpu({ one, rounds }: CaseResult): string {
  const [bare, verge, s3rver] = [rounds.bare, rounds.verge, rounds.s3rver].map((side) => summarize(side).serverCpu);
  const cells = [one.name, ...[bare, verge, s3rver, bare! / verge!].map((value) => value!.toFixed(2))];
  return `| ${cells.join(" | ")} |`;
}

/** Where this process was busy all the time, the server may not have been. */
function renderWarnings(results: readonly CaseResult[]): string[] {
  const warnings: string[] = [];
  for (const { one, rounds } of results) {
    for (const [side, measurements] of Object.entries(rounds)) {
      const load = median(measurements.map((measurement) => measurement.generatorLoad));
      if (load > 0.9)
        warnings.push(`${one.name}, ${side}: the load generator used ${Math.round(load * 100)} % of a core.`);
    }
  }
  return warnings.length === 0 ? [] : ["", ...warnings];
}

function formatRate({ requestsPerSecond }: Summary): string {
  return requestsPerSecond >= 100 ? requestsPerSecond.toFixed(0) : requestsPerSecond.toFixed(1);
}
