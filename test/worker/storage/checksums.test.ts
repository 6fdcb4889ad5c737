import { describe, expect, it } from "vitest";
import { CHECKSUM_ALGORITHMS, createChecksum } from "../../../src/lib/checksums.ts";
import { hashThrough } from "../../../src/lib/hash-stream.ts";

/** Of "123456789"; the unit test names the sources. */
const CHECKS = {
  CRC32: "cbf43926",
  CRC32C: "e3069283",
  CRC64NVME: "ae8b14860a799888",
  MD5: "25f9e794323b453885f5181f1b624d0b",
  SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
  SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
  SHA512:
    "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
  XXHASH64: "8cb841db40e6ae83",
  XXHASH3: "72dcb18b67a17dff",
  XXHASH128: "33119477ede5dcd5e9716427681d5860",
};

describe("checksums in workerd", () => {
  it.each(CHECKSUM_ALGORITHMS)("%s of the body of a request", async (algorithm) => {
    const request = new Request("http://localhost", { method: "PUT", body: "123456789" });
    const hasher = createChecksum(algorithm);
    await new Response(hashThrough(request.body!, [hasher], () => undefined)).arrayBuffer();
    expect(Buffer.from(await hasher.digest()).toString("hex")).toBe(CHECKS[algorithm]);
  });
});
