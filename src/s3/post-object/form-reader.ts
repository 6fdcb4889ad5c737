import { ByteReader } from "../../lib/byte-reader.ts";
import { s3Error } from "../errors.ts";
import { malformedForm, wrongNumberOfFiles } from "./form-errors.ts";
import { type PartHead, readPartHead } from "./part-head.ts";
import { checkMaximum, checkMinimum, type SizeRange } from "./size-range.ts";

/** "The form data and boundaries (excluding the contents of the file) cannot exceed 20 KB." */
const MAX_FORM_BYTES = 20 * 1024;
const BLOCK_BYTES = 64 * 1024;

const CRLF = Buffer.from("\r\n");
const END_OF_HEAD = Buffer.from("\r\n\r\n");

export interface FormFile {
  readonly stream: ReadableStream<Uint8Array>;
  /** Bytes; undefined when only the end of the stream tells. */
  readonly length: number | undefined;
}

/**
 * Reads multipart/form-data (RFC 7578) as S3 takes it: fields, then one file, which flows on without being
 * held. Memory is bounded by the 20 KB of a form and one block, whatever is sent.
 *
 * Own code, since of the libraries that run in workerd @remix-run/multipart-parser 0.16 holds the whole file,
 * multipasta 0.2 loses the end of a form whose last boundary is split between two chunks, and busboy brings
 * Node's streams between R2 and the body.
 */
export class FormReader {
  readonly #reader: ByteReader;
  readonly #delimiter: Buffer;
  /** Read and not yet consumed. Begins with a line break, which the first boundary need not have before it. */
  #buffer: Buffer = CRLF;
  /** Bytes of the form itself that were consumed. */
  #formBytes = 0;

  constructor(body: ReadableStream<Uint8Array>, boundary: string) {
    this.#reader = new ByteReader(body);
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  /** The fields before the file, in their order, and the head of the file's part, whose bytes come next. */
  async readFields(): Promise<{ readonly fields: readonly (readonly [string, string])[]; readonly file: PartHead }> {
    const fields: [string, string][] = [];
    await this.#take(this.#delimiter);
    for (;;) {
      const head = await this.#readHead();
      if (!head) throw wrongNumberOfFiles(0);
      if (isFile(head)) return { fields, file: head };
      fields.push([head.name, decodeText(await this.#take(this.#delimiter))]);
    }
  }

  /**
   * The bytes of the file. Their length is known where they are all here already, as those of small files are.
   * The stream ends when the rest of the form has been read: of a body that breaks off nothing is stored.
   */
  async openFile(sizes: SizeRange): Promise<FormFile> {
    const length = await this.#findEndNearby();
    checkMaximum(sizes, length ?? 0);
    if (length === undefined) return { stream: this.#streamFile(sizes), length };
    const bytes = this.#consume(length);
    await this.#readRest();
    checkMinimum(sizes, length);
    return { stream: streamOf(bytes), length };
  }

  /** The length of the file, if its end is within the next block. */
  async #findEndNearby(): Promise<number | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(this.#delimiter);
      if (end >= 0) return end;
      if (this.#buffer.length >= BLOCK_BYTES) return undefined;
      await this.#fill();
    }
  }

  #streamFile(sizes: SizeRange): ReadableStream<Uint8Array> {
    let size = 0;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = await this.#readFileBytes();
          if (!bytes) {
            await this.#readRest();
            checkMinimum(sizes, size);
            controller.close();
            return;
          }
          size += bytes.length;
          checkMaximum(sizes, size);
          controller.enqueue(bytes);
        },
        cancel: (reason) => this.#reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** The next bytes of the file; undefined at the boundary after it, which may be split between two blocks. */
  async #readFileBytes(): Promise<Buffer | undefined> {
    for (;;) {
      const boundary = this.#buffer.indexOf(this.#delimiter);
      if (boundary === 0) return undefined;
      const certain = boundary < 0 ? this.#buffer.length - this.#delimiter.length + 1 : boundary;
      if (certain > 0) return this.#consume(certain);
      await this.#fill();
    }
  }

  /** Fields after the file are ignored, but a second file is not dropped in silence. */
  async #readRest(): Promise<void> {
    await this.#take(this.#delimiter);
    let files = 1;
    for (let head = await this.#readHead(); head; head = await this.#readHead()) {
      if (isFile(head)) files += 1;
      if (files > 1) throw wrongNumberOfFiles(files);
      await this.#take(this.#delimiter);
    }
  }

  /** What stands between a boundary and the value after it; undefined at the end of the form. */
  async #readHead(): Promise<PartHead | undefined> {
    while (this.#buffer.length < 2) await this.#fill();
    if (this.#buffer.toString("latin1", 0, 2) === "--") return undefined;
    // White space may follow a boundary (RFC 2046, section 5.1.1).
    if ((await this.#take(CRLF)).toString("latin1").trim() !== "") throw malformedForm();
    return readPartHead(decodeText(await this.#take(END_OF_HEAD)));
  }

  /** Consumes the form up to a mark and the mark itself; what stood before it. */
  async #take(mark: Buffer): Promise<Buffer> {
    let searched = 0;
    for (;;) {
      const at = this.#buffer.indexOf(mark, searched);
      this.#checkFormSize((at < 0 ? this.#buffer.length : at + mark.length) + this.#formBytes);
      if (at >= 0) {
        this.#formBytes += at + mark.length;
        return this.#consume(at + mark.length).subarray(0, at);
      }
      searched = Math.max(0, this.#buffer.length - mark.length + 1);
      await this.#fill();
    }
  }

  #checkFormSize(bytes: number): void {
    if (bytes <= MAX_FORM_BYTES) return;
    throw s3Error("MaxPostPreDataLengthExceeded", { detail: { MaxPostPreDataLengthBytes: String(MAX_FORM_BYTES) } });
  }

  #consume(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  async #fill(): Promise<void> {
    const block = await this.#reader.read(BLOCK_BYTES);
    if (!block) throw malformedForm();
    this.#buffer = Buffer.concat([this.#buffer, block]);
  }
}

function isFile(head: PartHead): boolean {
  return head.name.toLowerCase() === "file";
}

/** "The form and policy must be UTF-8 encoded." */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformedForm();
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
