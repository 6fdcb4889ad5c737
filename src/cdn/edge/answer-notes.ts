import type { ErrorDetail } from "./draft.ts";

/** What metrics and logs tell of an answer that is not the viewer's business. */
export interface AnswerNotes {
  /** Milliseconds that the origin took, where it was asked. */
  readonly originMs?: number | undefined;
  readonly detail?: ErrorDetail | undefined;
}

const NONE: AnswerNotes = {};
const notes = new WeakMap<Response, AnswerNotes>();

export function noteAnswer(response: Response, told: AnswerNotes): void {
  notes.set(response, told);
}

export function readAnswerNotes(response: Response): AnswerNotes {
  return notes.get(response) ?? NONE;
}
