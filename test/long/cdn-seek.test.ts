import { expect, test } from "vitest";
import { useCdn } from "../support/cdn-fixture.ts";

const cdn = useCdn();

const SIZE = 1024 ** 3;
const RANGES = 200;
const MIB = 1024 * 1024;
/** A block that repeats through the object: a prime, so that no slice is like the one before. */
const BLOCK = Buffer.from(
  Uint8Array.from({ length: 65_521 }, (_, position) => (position * 131 + (position >> 7)) % 256),
);

function bytesOf(first: number, length: number): Buffer {
  const start = first % BLOCK.length;
  const repeats = Math.ceil((start + length) / BLOCK.length);
  return Buffer.concat(Array.from({ length: repeats }, () => BLOCK)).subarray(start, start + length);
}

/** Always the same numbers between 0 and 1 (a linear congruential generator). */
function* numbers(): Generator<number, never> {
  for (let state = 42; ;) {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

test("seeking in a gigabyte moves less than twice the bytes that are asked for", async () => {
  let moved = 0;
  const { url } = await cdn.install((request, response) => {
    const [, first = "0", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const length = Math.min(last === "" ? SIZE : Number(last) + 1, SIZE) - Number(first);
    moved += length;
    const headers = { "cache-control": "max-age=3600", etag: '"film"', "content-length": length };
    response.writeHead(206, { ...headers, "content-range": `bytes ${first}-${Number(first) + length - 1}/${SIZE}` });
    response.end(bytesOf(Number(first), length));
  });
  const random = numbers();
  let asked = 0;
  for (let count = 0; count < RANGES; count++) {
    const length = Math.floor((1 + 3 * random.next().value) * MIB);
    const first = Math.floor(random.next().value * (SIZE - length));
    const response = await fetch(`${url}/film`, { headers: { range: `bytes=${first}-${first + length - 1}` } });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(206);
    expect(bytes.equals(bytesOf(first, length))).toBe(true);
    asked += length;
  }
  console.log(
    `asked for ${Math.round(asked / MIB)} MB, moved ${Math.round(moved / MIB)} MB: ${(moved / asked).toFixed(2)}`,
  );
  expect(moved).toBeLessThan(2 * asked);
});
