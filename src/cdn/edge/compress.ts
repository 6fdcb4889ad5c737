import { brotliCompressSync, constants } from "node:zlib";
import { responseDirectives } from "../engine/directives.ts";
import { isStrongTag } from "../engine/validation.ts";
import type { Passage } from "./passage.ts";

/** "File types that CloudFront compresses". */
const COMPRESSED_TYPES = listTypes(
  "application",
  "dash+xml eot font font-sfnt javascript json opentype otf pdf pkcs7-mime protobuf rss+xml truetype ttf " +
    "vnd.apple.mpegurl vnd.mapbox-vector-tile vnd.ms-fontobject wasm x-font-opentype x-font-truetype x-font-ttf " +
    "x-httpd-cgi x-javascript x-mpegurl x-opentype x-otf x-perl x-ttf xhtml+xml xml",
);
const COMPRESSED_TEXTS = listTypes(
  "text",
  "css csv html javascript js plain richtext tab-separated-values xml x-component x-java-source x-script",
);
const COMPRESSED_OTHERS: ReadonlySet<string> = new Set([
  "font/eot",
  "font/opentype",
  "font/otf",
  "font/ttf",
  "image/svg+xml",
  "vnd.apple.mpegurl",
]);
/** "Serving compressed files": smaller ones do not gain, larger ones cost too much. */
const MIN_BYTES = 1_000;
const MAX_BYTES = 10_000_000;
/** Brotli has no stream on this platform: what is collected for it must stay small. */
const MAX_BROTLI_BYTES = 1_048_576;
/** Four is as fast as gzip and a good deal smaller. */
const BROTLI_QUALITY = 4;
const STATUSES = new Set([200, 403, 404]);

export interface Compressed {
  readonly body: ReadableStream<Uint8Array>;
  /** Fields that change; undefined ones go. */
  readonly fields: Readonly<Record<string, string | undefined>>;
}

/** The body of an origin's answer compressed, where the behaviour, the viewer and the body allow it. */
export function compressAnswer({ behavior, key, viewer }: Passage, response: Response): Compressed | undefined {
  const { headers, body, status } = response;
  if (!behavior.compress || key.codings.length === 0 || !body || !STATUSES.has(status)) return undefined;
  if (viewer.method !== "GET" || headers.has("content-encoding") || headers.has("content-range")) return undefined;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  if (!(length >= MIN_BYTES && length <= MAX_BYTES) || !isCompressible(headers.get("content-type"))) return undefined;
  if (responseDirectives(headers).directives.has("no-transform")) return undefined;
  const coding = chooseCoding(key.codings, length);
  if (!coding) return undefined;
  const etag = headers.get("etag");
  const vary = headers.get("vary");
  return {
    body: coding === "gzip" ? body.pipeThrough(new CompressionStream("gzip")) : body.pipeThrough(compressBrotli()),
    fields: {
      "content-encoding": coding,
      "content-length": undefined,
      "accept-ranges": undefined,
      // Other bytes than the origin's, of the same meaning (RFC 9110 section 8.8.3).
      ...(isStrongTag(etag) && { etag: `W/${etag}` }),
      vary: vary === null ? "Accept-Encoding" : /accept-encoding|\*/i.test(vary) ? vary : `${vary}, Accept-Encoding`,
    },
  };
}

function chooseCoding(codings: readonly string[], length: number): "br" | "gzip" | undefined {
  if (codings.includes("br") && length <= MAX_BROTLI_BYTES) return "br";
  return codings.includes("gzip") ? "gzip" : undefined;
}

function listTypes(kind: string, names: string): ReadonlySet<string> {
  return new Set(names.split(" ").map((name) => `${kind}/${name}`));
}

function isCompressible(contentType: string | null): boolean {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return COMPRESSED_TYPES.has(type) || COMPRESSED_TEXTS.has(type) || COMPRESSED_OTHERS.has(type);
}

function compressBrotli(): TransformStream<Uint8Array, Uint8Array> {
  const chunks: Uint8Array[] = [];
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk) => {
      chunks.push(chunk);
    },
    flush: (controller) => {
      const bytes = Buffer.concat(chunks);
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      controller.enqueue(brotliCompressSync(bytes, { params }));
    },
  });
}
