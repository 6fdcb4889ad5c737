import { createCipheriv, createHash, type Hash } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import { signRequest } from "../../src/auth/sigv4/presign.ts";
import { readResidentBytes } from "../local/proc.ts";

const MB = 1024 * 1024;
/** How much of a part is generated at a time. */
const PIECE_BYTES = MB;

export interface LargeTransfer {
  /** Origin without a trailing slash. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Must exist. */
  readonly bucket: string;
  readonly key: string;
  /** Bytes of the object. */
  readonly size: number;
  /** Bytes of each part but the last. */
  readonly partSize: number;
  /** Parts on their way at the same time. */
  readonly concurrency: number;
  /** The process whose memory is watched. */
  readonly pid: () => number;
}

/** Memory in bytes, as resident set size; rates in bytes a second. */
export interface LargeResult {
  readonly idle: number;
  readonly peakUp: number;
  readonly peakDown: number;
  readonly uploadRate: number;
  readonly downloadRate: number;
  /** What came back is, byte for byte, what was sent. */
  readonly intact: boolean;
}

/**
 * Sends an object of any size in parts and reads it back in one GET, while watching the memory of the
 * server. The content is computed from the part's number as it is sent, so that nothing is held here.
 */
export async function moveLargeObject(transfer: LargeTransfer): Promise<LargeResult> {
  const client = new LargeClient(transfer);
  try {
    const memory = new MemoryWatch(transfer.pid);
    const idle = memory.read();
    const sentAt = performance.now();
    const [sent, peakUp] = await memory.watch(() => client.upload());
    const receivedAt = performance.now();
    const [received, peakDown] = await memory.watch(() => client.download());
    const uploadRate = (transfer.size * 1000) / (receivedAt - sentAt);
    const downloadRate = (transfer.size * 1000) / (performance.now() - receivedAt);
    return { idle, peakUp, peakDown, uploadRate, downloadRate, intact: sent === received };
  } finally {
    client.close();
  }
}

class LargeClient {
  readonly #transfer: LargeTransfer;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(transfer: LargeTransfer) {
    this.#transfer = transfer;
  }

  /** Returns the SHA-256 of what was sent. */
  async upload(): Promise<string> {
    const { size, partSize, concurrency } = this.#transfer;
    const created = await this.#text("POST", "?uploads");
    const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(created)?.[1];
    if (uploadId === undefined) throw new Error(`CreateMultipartUpload answered: ${created}`);
    const count = Math.max(1, Math.ceil(size / partSize));
    const etags: string[] = [];
    let next = 0;
    const sendParts = async () => {
      while (next < count) {
        const index = next++;
        const length = Math.min(partSize, size - index * partSize);
        const query = `?partNumber=${index + 1}&uploadId=${encodeURIComponent(uploadId)}`;
        const answer = await this.#send("PUT", query, length, pieces(index, length));
        await discard(answer);
        etags[index] = answer.headers.etag ?? "";
      }
    };
    await Promise.all(Array.from({ length: concurrency }, sendParts));
    const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    const document = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const completed = await this.#text("POST", `?uploadId=${encodeURIComponent(uploadId)}`, document);
    // S3 may report a failure in an answer that began with 200.
    if (!completed.includes("<CompleteMultipartUploadResult")) throw new Error(completed);
    return hashContent(size, partSize);
  }

  /** Returns the SHA-256 of what came. */
  async download(): Promise<string> {
    const answer = await this.#send("GET", "", undefined);
    const hash = createHash("sha256");
    for await (const chunk of answer) hash.update(chunk as Buffer);
    return hash.digest("hex");
  }

  close(): void {
    this.#agent.destroy();
  }

  async #text(method: string, query: string, body = ""): Promise<string> {
    const bytes = Buffer.from(body);
    const answer = await this.#send(method, query, bytes.length, [bytes]);
    return readText(answer);
  }

  /** @throws {Error} with the answer when it is not a success. */
  async #send(
    method: string,
    query: string,
    length: number | undefined,
    body: Iterable<Buffer> = [],
  ): Promise<IncomingMessage> {
    const { endpoint, bucket, key, region, accessKeyId, secretAccessKey } = this.#transfer;
    const url = `${endpoint}/${bucket}/${key}${query}`;
    const payloadSha256 = "UNSIGNED-PAYLOAD";
    const signing = {
      method,
      url,
      region,
      service: "s3",
      accessKeyId,
      secretAccessKey,
      now: Date.now(),
      payloadSha256,
    };
    const headers = { ...signRequest(signing), ...(length !== undefined && { "content-length": String(length) }) };
    const outgoing = request(url, { method, headers, agent: this.#agent });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
    });
    for (const piece of body) {
      if (!outgoing.write(piece)) await Promise.race([once(outgoing, "drain"), answered]);
    }
    outgoing.end();
    const answer = await answered;
    if (answer.statusCode !== 200) throw new Error(`${method} ${url}: ${answer.statusCode} ${await readText(answer)}`);
    return answer;
  }
}

function once(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(event, () => resolve());
  });
}

/** The content of a part: a key stream that its number determines. */
function* pieces(part: number, length: number): Generator<Buffer> {
  const nonce = Buffer.alloc(16);
  nonce.writeUInt32BE(part + 1, 0);
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16, "verge"), nonce);
  const zeros = Buffer.alloc(PIECE_BYTES);
  for (let sent = 0; sent < length; sent += PIECE_BYTES) {
    yield stream.update(zeros.subarray(0, Math.min(PIECE_BYTES, length - sent)));
  }
}

/** Parts are sent side by side, so their common hash is taken apart from that. */
function hashContent(size: number, partSize: number): string {
  const hash: Hash = createHash("sha256");
  for (let start = 0, part = 0; start < size; start += partSize, part++) {
    for (const piece of pieces(part, Math.min(partSize, size - start))) hash.update(piece);
  }
  return hash.digest("hex");
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function discard(answer: IncomingMessage): Promise<void> {
  answer.resume();
  await once(answer, "end");
}

/** Resident memory of a process. */
class MemoryWatch {
  readonly #pid: () => number;

  constructor(pid: () => number) {
    this.#pid = pid;
  }

  /** Bytes. */
  read(): number {
    const pid = this.#pid();
    const bytes = readResidentBytes(pid);
    if (bytes === undefined) throw new Error(`Nobody tells the memory of process ${pid}.`);
    return bytes;
  }

  /** Runs `work`, and gives its result and the largest memory seen meanwhile. */
  async watch<T>(work: () => Promise<T>): Promise<[T, number]> {
    let peak = this.read();
    const timer = setInterval(() => {
      peak = Math.max(peak, this.read());
    }, 50);
    try {
      const result = await work();
      return [result, Math.max(peak, this.read())];
    } finally {
      clearInterval(timer);
    }
  }
}
