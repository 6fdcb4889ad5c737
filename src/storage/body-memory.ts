/** Bytes of immutable bodies in this isolate, the ones read longest ago leaving first. */
export class BodyMemory {
  readonly #bodies = new Map<string, Uint8Array>();
  readonly #capacity: number;
  #used = 0;

  /** `capacity` in bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(id: string): Uint8Array | undefined {
    const body = this.#bodies.get(id);
    if (!body) return undefined;
    // A Map keeps the order of insertion: moving to the end is what makes the order one of use.
    this.#bodies.delete(id);
    this.#bodies.set(id, body);
    return body;
  }

  set(id: string, body: Uint8Array): void {
    if (body.byteLength > this.#capacity || this.#bodies.has(id)) return;
    this.#bodies.set(id, body);
    this.#used += body.byteLength;
    for (const [oldest, bytes] of this.#bodies) {
      if (this.#used <= this.#capacity) return;
      this.#bodies.delete(oldest);
      this.#used -= bytes.byteLength;
    }
  }
}

/** What is remembered of a body that was read. */
export interface Sighting {
  /** Milliseconds since the epoch. */
  seenAt: number;
  /** It was offered to the location's cache once; where that keeps nothing (workers.dev), once is enough. */
  offered: boolean;
}

/** Which bodies were read lately: tells what is hot from what a scan touches once. */
export class Sightings {
  readonly #seen = new Map<string, Sighting>();
  readonly #limit: number;
  readonly #windowMs: number;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Notes a read. Returns what is known of an earlier one within the window, undefined for the first. */
  note(id: string, now: number): Sighting | undefined {
    const earlier = this.#seen.get(id);
    const recent = earlier && now - earlier.seenAt <= this.#windowMs ? earlier : undefined;
    const sighting = recent ?? { seenAt: now, offered: false };
    sighting.seenAt = now;
    this.#seen.delete(id);
    this.#seen.set(id, sighting);
    if (this.#seen.size > this.#limit) this.#forgetOldest();
    return recent;
  }

  #forgetOldest(): void {
    for (const id of this.#seen.keys()) {
      this.#seen.delete(id);
      return;
    }
  }
}
