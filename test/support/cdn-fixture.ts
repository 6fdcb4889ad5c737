import { afterAll, beforeAll, beforeEach } from "vitest";
import type { DistributionConfig } from "../../src/metadata/cdn/distribution-config.ts";
import type { CompiledDistribution } from "../../src/metadata/cdn/protocol.ts";
import { describeCustomOrigin, installDistribution, type InstalledDistribution } from "./distribution.ts";
import { type AnswerOrigin, type LoopbackOrigin, startOrigin } from "./origin.ts";
import { startVerge, type Verge, type VergeOptions } from "./server.ts";

/** The product and a web server behind its distributions, for the tests of a file. */
export interface CdnFixture {
  readonly verge: Verge;
  readonly origin: LoopbackOrigin;
  /** A distribution in front of the origin, which answers like this from now on. */
  install(
    answer: AnswerOrigin,
    config?: Partial<DistributionConfig>,
    more?: Partial<CompiledDistribution>,
  ): Promise<InstalledDistribution>;
}

/** Starts both before the tests of a file and ends them after. What the origin was asked is forgotten before each. */
export function useCdn(options: VergeOptions = {}): CdnFixture {
  let verge: Verge;
  let origin: LoopbackOrigin;
  beforeAll(async () => {
    [verge, origin] = await Promise.all([
      startVerge(options),
      startOrigin((_request, response) => void response.end()),
    ]);
  });
  beforeEach(() => {
    origin.asked.length = 0;
  });
  afterAll(async () => {
    await Promise.all([verge.stop(), origin[Symbol.asyncDispose]()]);
  });
  return {
    get verge() {
      return verge;
    },
    get origin() {
      return origin;
    },
    install(answer, config = {}, more = {}) {
      origin.answer = answer;
      return installDistribution(verge, { Origins: [describeCustomOrigin(origin.port)], ...config }, more);
    },
  };
}

/** An answer read to its end. */
export interface ReadAnswer {
  readonly status: number;
  readonly text: string;
  /** The first word of X-Cache. */
  readonly from: string | undefined;
  readonly headers: Headers;
}

export async function ask(url: string, init?: RequestInit): Promise<ReadAnswer> {
  const response = await fetch(url, { redirect: "manual", ...init });
  const { status, headers } = response;
  return { status, headers, from: headers.get("x-cache")?.split(" ")[0], text: await response.text() };
}

/** Asks again and again, until it holds or ten seconds are over. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("It does not happen.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
