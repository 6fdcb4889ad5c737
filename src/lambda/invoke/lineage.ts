import { crc32 } from "node:zlib";
import { lambdaError } from "../errors.ts";

/**
 * Tracing headers (`X-Amzn-Trace-Id`) and the lineage that they carry: `Lineage=a87bd80c:1|68fd508a:5`, one entry
 * for each function that the chain of requests has been through, with how often. The SDK inside a function sends
 * the header on, so that a function which calls or triggers itself is found out ("Use Lambda recursive loop
 * detection", Lambda Developer Guide).
 */

/** "If your function is invoked approximately 16 times in the same chain of requests". */
const MAX_ROUNDS = 16;
const LINEAGE = "Lineage=";
/** A chain through more functions forgets the first. */
const MAX_ENTRIES = 32;

export interface Trace {
  /** For `_X_AMZN_TRACE_ID`. */
  readonly header: string;
  /** The function has been invoked too often in this chain of requests. */
  readonly isLoop: boolean;
}

/** The trace of one more invocation of the function `arn` (unqualified), caused by a request with this header. */
export function continueTrace(header: string | null | undefined, arn: string): Trace {
  const fields = header ? header.split(";").map((field) => field.trim()) : [createRoot(), "Sampled=0"];
  const others = fields.filter((field) => field !== "" && !field.startsWith(LINEAGE));
  const entries = readEntries(fields.find((field) => field.startsWith(LINEAGE)));
  const name = nameOf(arn);
  const rounds = (entries.get(name) ?? 0) + 1;
  entries.delete(name);
  entries.set(name, rounds);
  const lineage = [...entries]
    .slice(-MAX_ENTRIES)
    .map(([entry, count]) => `${entry}:${count}`)
    .join("|");
  return { header: [...others, LINEAGE + lineage].join(";"), isLoop: rounds > MAX_ROUNDS };
}

export function refuseLoop() {
  return lambdaError(
    "RecursiveInvocationException",
    "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
  );
}

function readEntries(field: string | undefined): Map<string, number> {
  const entries = field?.slice(LINEAGE.length).split("|") ?? [];
  return new Map(
    entries.flatMap((entry) => {
      const [, name, count] = /^([0-9a-f]{8}):(\d{1,6})$/.exec(entry) ?? [];
      return name === undefined ? [] : [[name, Number(count)] as const];
    }),
  );
}

function nameOf(arn: string): string {
  return crc32(arn).toString(16).padStart(8, "0");
}

/** "Root" of an X-Ray trace: time and 96 random bits. */
function createRoot(): string {
  const time = Math.floor(Date.now() / 1_000).toString(16);
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");
  return `Root=1-${time}-${random}`;
}
