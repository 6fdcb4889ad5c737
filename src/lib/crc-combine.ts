/**
 * Joins CRCs: the CRC of A followed by B from the CRCs of A and B and the length of B, without the bytes.
 * A CRC is a polynomial over GF(2) modulo the algorithm's own P, so appending n bytes to A multiplies its
 * CRC by x^(8n) mod P, and B's CRC is added (exclusive or). Initial value and final complement, all ones in
 * the three algorithms of S3, cancel out. (R. N. Williams, "A painless guide to CRC error detection
 * algorithms"; Kadatch and Jenkins, "Everything we know about CRC but afraid to forget".)
 */

/** A polynomial of up to 64 bits in two halves, bits reflected: the highest bit is the coefficient of x^0. */
interface Polynomial {
  readonly high: number;
  readonly low: number;
}

interface Field {
  /** Bits of the CRC: 32 or 64. A narrow one lives in `low`. */
  readonly width: 32 | 64;
  /** P without its leading term, reflected. */
  readonly modulus: Polynomial;
  /** x^(2^k) by k, filled as needed. */
  readonly squares: Polynomial[];
}

export type CrcAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME";

const FIELDS: Readonly<Record<CrcAlgorithm, Field>> = {
  CRC32: createField(32, { high: 0, low: 0xedb88320 }),
  CRC32C: createField(32, { high: 0, low: 0x82f63b78 }),
  CRC64NVME: createField(64, { high: 0x9a6c9329, low: 0xac4bc9b5 }),
};

/**
 * The CRC of the bytes of all parts in order, each big-endian as in `x-amz-checksum-*`, sizes in bytes.
 * Without parts: the CRC of nothing.
 */
export function combineCrcs(
  algorithm: CrcAlgorithm,
  parts: Iterable<{ readonly crc: Uint8Array; readonly size: number }>,
): Uint8Array {
  const field = FIELDS[algorithm];
  let sum: Polynomial = { high: 0, low: 0 };
  // Parts mostly have one size, and the factor depends on nothing else.
  let factor: { size: number; shift: Polynomial } | undefined;
  for (const { crc, size } of parts) {
    if (factor?.size !== size) factor = { size, shift: shiftByBytes(field, size) };
    sum = add(multiply(field, factor.shift, sum), readBigEndian(field, crc));
  }
  return writeBigEndian(field, sum);
}

function createField(width: 32 | 64, modulus: Polynomial): Field {
  const x = width === 64 ? { high: 0x40000000, low: 0 } : { high: 0, low: 0x40000000 };
  return { width, modulus, squares: [x] };
}

/** x^(8 · bytes), from the binary digits of the exponent. */
function shiftByBytes(field: Field, bytes: number): Polynomial {
  let product: Polynomial = field.width === 64 ? { high: 0x80000000, low: 0 } : { high: 0, low: 0x80000000 };
  // 8 = 2^3, so digit k of the byte count stands for x^(2^(k+3)).
  for (let rest = bytes, k = 3; rest > 0; rest = Math.floor(rest / 2), k++) {
    if (rest % 2 === 1) product = multiply(field, squareOf(field, k), product);
  }
  return product;
}

function squareOf(field: Field, k: number): Polynomial {
  const { squares } = field;
  while (squares.length <= k) {
    const last = squares[squares.length - 1]!;
    squares.push(multiply(field, last, last));
  }
  return squares[k]!;
}

/** Shift and add: for each coefficient of `a` from x^0 up, add `b`, then multiply `b` by x modulo P. */
function multiply(field: Field, a: Polynomial, b: Polynomial): Polynomial {
  let { high, low } = b;
  let [productHigh, productLow] = [0, 0];
  for (let bit = field.width - 1; bit >= 0; bit--) {
    const coefficient = bit >= 32 ? (a.high >>> (bit - 32)) & 1 : (a.low >>> bit) & 1;
    if (coefficient === 1) {
      productHigh ^= high;
      productLow ^= low;
    }
    const overflows = (low & 1) === 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (overflows) {
      high ^= field.modulus.high;
      low ^= field.modulus.low;
    }
  }
  return { high: productHigh, low: productLow };
}

function add(a: Polynomial, b: Polynomial): Polynomial {
  return { high: a.high ^ b.high, low: a.low ^ b.low };
}

function readBigEndian(field: Field, bytes: Uint8Array): Polynomial {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return field.width === 64 ? { high: view.getUint32(0), low: view.getUint32(4) } : { high: 0, low: view.getUint32(0) };
}

function writeBigEndian(field: Field, { high, low }: Polynomial): Uint8Array {
  const bytes = new Uint8Array(field.width / 8);
  const view = new DataView(bytes.buffer);
  if (field.width === 64) view.setUint32(0, high >>> 0);
  view.setUint32(field.width / 8 - 4, low >>> 0);
  return bytes;
}
