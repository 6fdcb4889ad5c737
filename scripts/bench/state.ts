import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type BenchCase,
  LISTED_KEYS,
  listedKey,
  listTarget,
  type ObjectSet,
  objectTarget,
  PAGE_KEYS,
} from "./cases.ts";
import type { PreparedRequest } from "./connection.ts";
import { runLoad } from "./load.ts";
import type { Side } from "./side.ts";

/** What each listed object holds. */
const LISTED_BODY = Buffer.from("sixteen letters.");
/** Requests signed at a time while loading. */
const BATCH = 2_000;

const bodies = new Map<number, Buffer>();

/** The body of every object of a size. */
export function bodyOf(bytes: number): Buffer {
  const body = bodies.get(bytes) ?? createBody(bytes);
  bodies.set(bytes, body);
  return body;
}

/** Bytes that look random, so that nothing on the way can compress them. */
function createBody(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  let state = 0x9e3779b9;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    body.writeUInt32LE(state, at);
  }
  return body;
}

/** Fills a fresh state with what the cases read. Leaves the side running. */
export async function loadState(side: Side, cases: readonly BenchCase[]): Promise<void> {
  await side.start();
  for (const bucket of ["objects", "uploads", "listing"]) {
    await expectOk(side.request({ method: "PUT", target: `/${bucket}`, expect: { status: 200 } }));
  }
  for (const set of new Set(cases.flatMap((one) => one.set ?? []))) {
    await putAll(side, set.count, (index) => objectTarget(set, index), bodyOf(set.bytes));
    await checkObject(side, set);
  }
  if (!cases.some(({ method }) => method === "LIST")) return;
  await loadListing(side);
  await checkListing(side);
}

/**
 * Verge gets its 100,000 keys by as many PUTs. Those of the baselines would take minutes, and go past their
 * front doors: into the very tables and files that a PUT of theirs writes, with what it writes there.
 */
async function loadListing(side: Side): Promise<void> {
  const target = (index: number) => `/listing/${listedKey(index)}`;
  switch (side.name) {
    case "verge":
      return putAll(side, LISTED_KEYS, target, LISTED_BODY);
    case "s3rver":
      return writeS3rverFiles(join(side.stateDir, "listing"));
    case "bare":
      await putAll(side, 1, target, LISTED_BODY);
      await side.stop();
      copyR2Row(side.stateDir);
      return side.start();
  }
}

async function putAll(side: Side, count: number, target: (index: number) => string, body: Buffer): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const batch: PreparedRequest[] = [];
    for (let index = start; index < Math.min(start + BATCH, count); index++) {
      batch.push(side.prepare({ method: "PUT", target: target(index), body, expect: { status: 200 } }));
    }
    const next = () => batch.pop();
    await runLoad({ origin: side.origin, connections: body.length > 1_000_000 ? 4 : 16, next, seconds: 600 });
  }
}

/** Miniflare's R2: one SQLite file for each bucket. */
function copyR2Row(stateDir: string): void {
  for (const path of globSync(join(stateDir, "v3", "r2", "**", "*.sqlite"))) {
    const database = new DatabaseSync(path);
    try {
      const columns = database.prepare("SELECT name FROM pragma_table_info('_mf_objects')").all();
      const others = columns.map(({ name }) => String(name)).filter((name) => name !== "key");
      if (others.length === 0) continue;
      const names = others.join(", ");
      database
        .prepare(
          `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ? - 1)
           INSERT INTO _mf_objects (key, ${names})
           SELECT printf('key-%06d', n), ${names} FROM numbers, _mf_objects WHERE key = ?`,
        )
        .run(LISTED_KEYS, listedKey(0));
    } finally {
      database.close();
    }
  }
}

/** s3rver: three files for each object. */
function writeS3rverFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const metadata = JSON.stringify({ "content-type": "binary/octet-stream" }, null, 2);
  for (let index = 0; index < LISTED_KEYS; index++) {
    const path = join(folder, `${listedKey(index)}._S3rver_`);
    writeFileSync(`${path}object`, LISTED_BODY);
    writeFileSync(`${path}object.md5`, "a2d0a6b71f1ec7e0b7c31a1ce0d4bd7a");
    writeFileSync(`${path}metadata.json`, metadata);
  }
}

async function checkObject(side: Side, set: ObjectSet): Promise<void> {
  const target = objectTarget(set, set.count - 1);
  const { body } = await expectOk(side.request({ method: "GET", target, expect: { status: 200 } }));
  if (!body.equals(bodyOf(set.bytes))) throw new Error(`${side.name} answers ${target} with other bytes.`);
}

async function checkListing(side: Side): Promise<void> {
  const first = LISTED_KEYS / 2;
  const { body } = await expectOk(
    side.request({ method: "GET", target: listTarget(side.name, first), expect: { status: 200 } }),
  );
  const keys = Array.from(body.toString().matchAll(/<Key>([^<]*)<\/Key>/g), ([, key]) => key);
  const expected = Array.from({ length: PAGE_KEYS }, (_, offset) => listedKey(first + 1 + offset));
  if (keys.join() !== expected.join()) throw new Error(`${side.name} lists wrongly: ${body.toString().slice(0, 500)}`);
}

type Exchanged = Awaited<ReturnType<Side["request"]>>;

async function expectOk(exchange: Promise<Exchanged>): Promise<Exchanged> {
  const { answer, body } = await exchange;
  if (answer.status !== 200) throw new Error(`${answer.headers}\n\n${body.toString().slice(0, 1_000)}`);
  return { answer, body };
}
