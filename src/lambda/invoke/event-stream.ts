import { crc32 } from "node:zlib";

/**
 * Messages of AWS's binary event streams ("Amazon event stream encoding" in the Smithy specification): total
 * length, length of the headers, checksum of both, headers, payload, checksum of all before it.
 */

/** Lengths and checksums, four bytes each. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** The type of a header's value: a string with two bytes of length. */
const STRING_TYPE = 7;

/** A message that is an event of this type. */
export function encodeEvent(type: string, contentType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const headers = Buffer.concat([
    encodeHeader(":event-type", type),
    encodeHeader(":content-type", contentType),
    encodeHeader(":message-type", "event"),
  ]);
  const message = Buffer.alloc(PRELUDE_BYTES + headers.byteLength + payload.byteLength + CHECKSUM_BYTES);
  message.writeUInt32BE(message.byteLength, 0);
  message.writeUInt32BE(headers.byteLength, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.set(headers, PRELUDE_BYTES);
  message.set(payload, PRELUDE_BYTES + headers.byteLength);
  const end = message.byteLength - CHECKSUM_BYTES;
  message.writeUInt32BE(crc32(message.subarray(0, end)), end);
  return message;
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(valueBytes.byteLength);
  return Buffer.concat([Buffer.of(nameBytes.byteLength), nameBytes, Buffer.of(STRING_TYPE), length, valueBytes]);
}
