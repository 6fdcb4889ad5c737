import { createHash, timingSafeEqual } from "node:crypto";
import type { ChallengeRule } from "../../metadata/cdn/protection.ts";
import type { Draft } from "../edge/draft.ts";
import type { ViewerRequest } from "../edge/viewer.ts";
import { renderChallengePage } from "./challenge-page.ts";
import type { ProtectionPorts } from "./ports.ts";
import type { ProtectionVerdict } from "./protect.ts";

/** The cookie of those who have passed: when it ends, what was asked, what was found. */
const COOKIE = "verge-pass";
const PASS = /^(\d{1,15})\.([0-9a-f]{64})\.(\d{1,15})$/;
const DIFFICULTY = 16;
const SECONDS = 3_600;

/**
 * Proof of work: a browser that finds a number whose hash, with what was asked, begins with enough zero bits has spent
 * more than its visit costs here. Nothing is kept: what is asked is a tag over address and time that nobody else can make.
 */
export class Challenge {
  readonly #distributionId: string;
  readonly #difficulty: number;
  readonly #seconds: number;

  constructor(distributionId: string, rule: Omit<ChallengeRule, "paths"> = {}) {
    this.#distributionId = distributionId;
    this.#difficulty = rule.difficulty ?? DIFFICULTY;
    this.#seconds = rule.seconds ?? SECONDS;
  }

  async judge(viewer: ViewerRequest, ports: ProtectionPorts): Promise<ProtectionVerdict> {
    const now = Date.now();
    const cookies = splitCookies(viewer.headers.get("cookie"));
    const pass = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
    if (pass !== undefined && (await this.#isValid(pass, viewer, ports, now))) {
      return { kind: "request", viewer: withoutPass(viewer, cookies) };
    }
    const ends = now + this.#seconds * 1_000;
    const question = await this.#ask(ends, viewer, ports);
    return { kind: "answer", draft: this.#draft(`${ends}.${question}`) };
  }

  async #isValid(pass: string, viewer: ViewerRequest, ports: ProtectionPorts, now: number): Promise<boolean> {
    const [, ends = "", question = "", answer = ""] = PASS.exec(pass) ?? [];
    if (Number(ends) <= now || !isSolution(`${ends}.${question}`, answer, this.#difficulty)) return false;
    const expected = await this.#ask(Number(ends), viewer, ports);
    return timingSafeEqual(Buffer.from(expected), Buffer.from(question));
  }

  async #ask(ends: number, { clientAddress = "" }: ViewerRequest, ports: ProtectionPorts): Promise<string> {
    const tag = await ports.tag(["cdn-challenge", this.#distributionId, clientAddress, ends].join("\n"));
    return createHash("sha256").update(tag).digest("hex");
  }

  #draft(question: string): Draft {
    const [difficulty, seconds] = [this.#difficulty, this.#seconds];
    const page = renderChallengePage({ cookie: COOKIE, question, difficulty, seconds });
    const body = new TextEncoder().encode(page);
    return {
      status: 403,
      statusText: "",
      headers: new Headers({
        "content-type": "text/html; charset=utf-8",
        "content-length": String(body.byteLength),
        "cache-control": "no-store",
        "x-robots-tag": "noindex",
      }),
      body,
      result: "Error",
      cacheStatus: "",
      detail: "InvalidRequestBlocked",
    };
  }
}

/** Whether the SHA-256 of `question.answer` begins with that many zero bits. */
export function isSolution(question: string, answer: string, difficulty: number): boolean {
  const hash = createHash("sha256").update(`${question}.${answer}`).digest();
  return Math.clz32(hash.readUInt32BE(0)) >= difficulty;
}

function splitCookies(header: string | null): string[] {
  return (header ?? "").split(";").map((cookie) => cookie.trim());
}

/** The pass is between the visitor and this location: it is in no cache key, and no origin sees it. */
function withoutPass(viewer: ViewerRequest, cookies: readonly string[]): ViewerRequest {
  const headers = new Headers(viewer.headers);
  const rest = cookies.filter((cookie) => cookie !== "" && !cookie.startsWith(`${COOKIE}=`)).join("; ");
  if (rest === "") headers.delete("cookie");
  else headers.set("cookie", rest);
  return { ...viewer, headers };
}
