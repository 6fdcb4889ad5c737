/** Receivers that wait for messages: all are woken together, and look again. */
export class Waiters {
  #wake: (() => void) | undefined;
  #woken: Promise<void> | undefined;

  /** Until `wake`, and so many milliseconds at most. */
  async wait(milliseconds: number): Promise<void> {
    this.#woken ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#woken, elapsed]);
    clearTimeout(timer);
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
    this.#woken = undefined;
  }
}
