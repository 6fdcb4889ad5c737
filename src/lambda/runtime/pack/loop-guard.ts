import type { Node, Statement } from "acorn";
import { simple } from "acorn-walk";
import type { Edits } from "./edits.ts";
import { LOOP_CHECK, LOOP_COUNT } from "./names.ts";

const TICK = `if(++${LOOP_COUNT}>0)${LOOP_COUNT}=${LOOP_CHECK}();`;

/**
 * Makes every loop look at the clock now and then, so that one that never ends becomes a time-out. In
 * production the platform's CPU limit does that too; a local workerd has none, and one busy isolate stops
 * every other.
 */
export function guardLoops(program: Node, edits: Edits): void {
  const guard = (loop: { body: Statement }) => guardBody(loop.body, edits);
  simple(program, {
    WhileStatement: guard,
    DoWhileStatement: guard,
    ForStatement: guard,
    ForInStatement: guard,
    ForOfStatement: guard,
  });
}

function guardBody(body: Statement, edits: Edits): void {
  if (body.type === "BlockStatement") {
    edits.insert(body.start + 1, TICK);
    return;
  }
  edits.insert(body.start, `{${TICK}`);
  edits.insert(body.end, "}");
}
