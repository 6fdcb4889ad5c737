/**
 * Keeps `/tmp` from one invocation to the next. workerd gives each request one of its own; on Lambda it
 * belongs to the environment.
 */
import fs from "node:fs";

const ROOT = "/tmp";

/** Contents by path; folders have none. */
let kept: ReadonlyMap<string, Uint8Array | undefined> = new Map();

/** Whether the function can have written anything: it has asked for the file system. */
let isUsed = false;

export function noteFileSystemUse(): void {
  isUsed = true;
}

/** At the beginning of an invocation. */
export function restoreTmp(): void {
  for (const [path, content] of kept) {
    if (content === undefined) fs.mkdirSync(path, { recursive: true });
    else fs.writeFileSync(path, content);
  }
}

/** At its end. */
export function saveTmp(): void {
  if (!isUsed) return;
  const found = new Map<string, Uint8Array | undefined>();
  for (const name of fs.readdirSync(ROOT)) collect(`${ROOT}/${name}`, found);
  kept = found;
}

function collect(path: string, found: Map<string, Uint8Array | undefined>): void {
  const stat = fs.lstatSync(path);
  if (stat.isFile()) found.set(path, fs.readFileSync(path));
  if (!stat.isDirectory()) return;
  found.set(path, undefined);
  for (const name of fs.readdirSync(path)) collect(`${path}/${name}`, found);
}
