/**
 * Group commit. Writes of one turn of the event loop become durable together, whoever asked for them: the
 * platform commits once, at its end. Changes therefore wait for a turn that they share with those that
 * arrive meanwhile. Each is still a transaction, a sequence number and a journal row of its own, and is
 * decided (admission, conditions) inside the turn.
 */
export class CommitTurn {
  #turn: Promise<void> | undefined;

  /** The next shared turn. */
  next(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#turn = undefined;
        resolve();
      }, 0);
    });
    return this.#turn;
  }
}
