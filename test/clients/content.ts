import { createCipheriv, createHash } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

export const MEGABYTE = 1024 * 1024;

/** Bytes that do not compress and do not repeat, the same for the same seed. */
export function makeContent(length: number, seed = "content"): Buffer {
  return keystream(seed).update(Buffer.alloc(length));
}

/** Writes such bytes to a file, whose folders are made, without holding them all. */
export function writeContent(path: string, length: number, seed = path): void {
  mkdirSync(dirname(path), { recursive: true });
  const stream = keystream(seed);
  const file = openSync(path, "w");
  try {
    for (let rest = length; rest > 0; rest -= MEGABYTE)
      writeSync(file, stream.update(Buffer.alloc(Math.min(rest, MEGABYTE))));
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of a file's content, in hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** SHA-256 of every file below a folder, by its path from there. */
export async function hashFolder(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    hashes[relative(folder, path)] = await hashFile(path);
  }
  return hashes;
}

function keystream(seed: string) {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
}
