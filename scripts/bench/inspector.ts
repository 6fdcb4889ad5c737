/** A node of a V8 CPU profile (Chrome DevTools Protocol, Profiler.ProfileNode). */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** What `.cpuprofile` files hold. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface Target {
  readonly title: string;
  readonly webSocketDebuggerUrl: string;
}

/** The profilers of all isolates of a workerd whose inspector listens on `port`. */
export async function openProfilers(port: number): Promise<Profiler[]> {
  const response = await fetch(`http://127.0.0.1:${port}/json`);
  const targets = (await response.json()) as Target[];
  // Services that Miniflare makes of functions have names that fit into no URL.
  const named = targets.filter(({ webSocketDebuggerUrl }) => !/[#+]/.test(webSocketDebuggerUrl));
  return Promise.all(named.map((target) => Profiler.open(target)));
}

/** One isolate's profiler. */
export class Profiler {
  /** The Worker's name in the configuration of workerd: `core:user:verge`, `r2:bucket`, … */
  readonly title: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #sent = 0;

  private constructor(title: string, socket: WebSocket) {
    this.title = title;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id === undefined) return;
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  static open({ title, webSocketDebuggerUrl }: Target): Promise<Profiler> {
    const socket = new WebSocket(webSocketDebuggerUrl);
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(new Profiler(title, socket)));
      socket.addEventListener("error", () => reject(new Error(`${webSocketDebuggerUrl} does not answer.`)));
    });
  }

  async start(): Promise<void> {
    await this.#send("Profiler.enable");
    await this.#send("Profiler.setSamplingInterval", { interval: 200 });
    await this.#send("Profiler.start");
  }

  async stop(): Promise<CpuProfile> {
    const { profile } = (await this.#send("Profiler.stop")) as { profile: CpuProfile };
    return profile;
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#sent;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

export interface FunctionTime {
  readonly name: string;
  /** Script and line, counted from 1. */
  readonly place: string;
  /** Milliseconds in the function itself, and with everything that it called. */
  readonly self: number;
  readonly total: number;
}

/** Time by function, the largest self time first. Recursion counts once. */
export function sumByFunction({ nodes, samples, timeDeltas }: CpuProfile): FunctionTime[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children } of nodes) for (const child of children ?? []) parents.set(child, id);
  const selfTimes = new Map<number, number>();
  samples.forEach((id, index) => selfTimes.set(id, (selfTimes.get(id) ?? 0) + (timeDeltas[index] ?? 0) / 1000));

  const sums = new Map<string, { name: string; place: string; self: number; total: number }>();
  for (const [id, time] of selfTimes) {
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { functionName, url, lineNumber } = byId.get(at)!.callFrame;
      const place = url === "" ? "" : `${url.slice(url.lastIndexOf("/") + 1)}:${lineNumber + 1}`;
      const key = `${functionName} ${place}`;
      const sum = sums.get(key) ?? { name: functionName || "(anonymous)", place, self: 0, total: 0 };
      if (at === id) sum.self += time;
      if (!seen.has(key)) sum.total += time;
      seen.add(key);
      sums.set(key, sum);
    }
  }
  return [...sums.values()].sort((a, b) => b.self - a.self);
}
