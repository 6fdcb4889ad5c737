import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  algorithmOfHeader,
  allowsChecksumType,
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumHeader,
  combineCrc,
  compositeChecksum,
  createChecksum,
  defaultChecksumType,
  isChecksumValue,
  isCombinable,
  parseChecksumAlgorithm,
} from "../../../src/lib/checksums.ts";

async function digest(algorithm: ChecksumAlgorithm, ...pieces: Uint8Array[]): Promise<string> {
  const hasher = createChecksum(algorithm);
  for (const piece of pieces) hasher.update(piece);
  return hasher.digestBase64();
}

const toBase64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
const CHECK = Buffer.from("123456789");

describe("checksums", () => {
  // CRCs: the check values of the catalogue of parametrised CRC algorithms (RFC 3720 B.4 for CRC32C);
  // MD5: RFC 1321; SHA: FIPS 180-4; XXH: xxhsum 0.8 with seed 0.
  it.each([
    ["CRC32", "123456789", "cbf43926"],
    ["CRC32C", "123456789", "e3069283"],
    ["CRC64NVME", "123456789", "ae8b14860a799888"],
    ["MD5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["SHA1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["SHA256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "SHA512",
      "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ],
    ["XXHASH64", "", "ef46db3751d8e999"],
    ["XXHASH64", "123456789", "8cb841db40e6ae83"],
    ["XXHASH3", "", "2d06800538d394c2"],
    ["XXHASH128", "", "99aa06d3014798d86001c324468d497f"],
  ] as const)("%s of %j", async (algorithm, input, hex) => {
    expect(await digest(algorithm, Buffer.from(input))).toBe(toBase64(hex));
  });

  it("does not depend on how the bytes arrive", async () => {
    const bytes = randomBytes(10_000);
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 1), bytes.subarray(1, 4097), bytes.subarray(4097)];
      expect(await digest(algorithm, ...pieces), algorithm).toBe(await digest(algorithm, bytes));
    }
  });

  it("knows its headers by name", () => {
    expect(checksumHeader("CRC64NVME")).toBe("x-amz-checksum-crc64nvme");
    for (const algorithm of CHECKSUM_ALGORITHMS) expect(algorithmOfHeader(checksumHeader(algorithm))).toBe(algorithm);
    expect(algorithmOfHeader("x-amz-checksum-mode")).toBeUndefined();
    expect(parseChecksumAlgorithm("sha256")).toBe("SHA256");
    expect(parseChecksumAlgorithm("toString")).toBeUndefined();
  });

  it("tells whether a value can be a checksum", async () => {
    for (const algorithm of CHECKSUM_ALGORITHMS)
      expect(isChecksumValue(algorithm, await digest(algorithm, CHECK))).toBe(true);
    for (const value of ["", "AAAA", "AAAAAA", "AAAAA===", "AAAAAAA=", "not base64!", "AAAAAB=="]) {
      expect(isChecksumValue("CRC32", value), value).toBe(false);
    }
  });

  it("offers the types that S3 documents for multipart uploads", () => {
    expect(defaultChecksumType("CRC64NVME")).toBe("FULL_OBJECT");
    expect(allowsChecksumType("CRC64NVME", "COMPOSITE")).toBe(false);
    for (const algorithm of ["CRC32", "CRC32C"] as const) {
      expect(defaultChecksumType(algorithm)).toBe("COMPOSITE");
      expect(allowsChecksumType(algorithm, "FULL_OBJECT")).toBe(true);
    }
    for (const algorithm of ["SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"] as const) {
      expect(defaultChecksumType(algorithm)).toBe("COMPOSITE");
      expect(allowsChecksumType(algorithm, "FULL_OBJECT"), algorithm).toBe(false);
    }
  });
});

describe("checksums of multipart objects", () => {
  const crcs = CHECKSUM_ALGORITHMS.filter(isCombinable);

  it("joins the CRCs of parts to that of the whole", async () => {
    expect(crcs).toEqual(["CRC32", "CRC32C", "CRC64NVME"]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...crcs),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        async (algorithm, parts) => {
          const sums = await Promise.all(
            parts.map(async (part) => ({ checksum: await digest(algorithm, part), size: part.length })),
          );
          expect(combineCrc(algorithm, sums)).toBe(await digest(algorithm, ...parts));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("joins parts of several megabytes", async () => {
    const [first, second] = [randomBytes(5_000_003), randomBytes(1_048_576)];
    for (const algorithm of crcs) {
      const parts = [
        { checksum: await digest(algorithm, first), size: first.length },
        { checksum: await digest(algorithm, second), size: second.length },
      ];
      expect(combineCrc(algorithm, parts)).toBe(await digest(algorithm, first, second));
    }
  });

  it("joins sizes beyond 32 bits as by steps", () => {
    const [a, b] = ["q83vEg==", "EjRWeA=="];
    const zeros = (size: number) => ({ checksum: "AAAAAA==", size });
    const inOne = combineCrc("CRC32", [{ checksum: a, size: 1 }, zeros(6 * 1024 ** 3), { checksum: b, size: 9 }]);
    const inSteps = combineCrc("CRC32", [
      { checksum: a, size: 1 },
      ...Array.from({ length: 6 }, () => zeros(1024 ** 3)),
      { checksum: b, size: 9 },
    ]);
    expect(inOne).toBe(inSteps);
  });

  it("joins 10,000 parts of different sizes without holding up the index", () => {
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      checksum: "rosUhgp5mIg=",
      size: 5 * 1024 ** 2 + index,
    }));
    const started = performance.now();
    combineCrc("CRC64NVME", parts);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("digests the digests of parts for a composite checksum", async () => {
    const parts = [randomBytes(100), randomBytes(50)];
    const digests = parts.map((part) => createHash("sha256").update(part).digest());
    const expected = createHash("sha256").update(Buffer.concat(digests)).digest("base64");
    const values = digests.map((bytes) => bytes.toString("base64"));
    expect(await compositeChecksum("SHA256", values)).toBe(`${expected}-2`);
    // Values that S3 answered for three real parts, quoted in floci-io/floci issue 3083.
    const quoted = [
      "lcKa6Boe7a167tUCN5C4OaFygGSYD8MBnBARTrdL+1w=",
      "gHjhbUT4oo2tSCtSZJdlKi+jeNXJT+VImqdPXsXvkOc=",
      "4l9PQ3zOPZ0oGFvknFX+J4zZwE4WMzO+l3r8XrbWOeM=",
    ];
    expect(await compositeChecksum("SHA256", quoted)).toBe("rVWtNbadtsaKXJAcgWPWjifHzJaXde/iV4jaJAOdivc=-3");
  });
});
