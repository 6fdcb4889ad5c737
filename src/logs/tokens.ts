import type { Position } from "../metadata/logs/reader.ts";
import { invalidParameter } from "./errors.ts";

/** Digits of the parts, 56 together as in AWS's event ids: time, segment, place in it. */
const DIGITS = { timestamp: 16, segment: 20, index: 20 };
const POSITION = /^(\d{16})(\d{20})(\d{20})$/;
/** Before every event, and after: no time of an event is that large. */
export const BEGINNING: Position = { timestamp: 0, segment: 0, index: 0 };

export function formatPosition({ timestamp, segment, index }: Position): string {
  return [
    String(timestamp).padStart(DIGITS.timestamp, "0"),
    String(segment).padStart(DIGITS.segment, "0"),
    String(index).padStart(DIGITS.index, "0"),
  ].join("");
}

/** @throws ServiceError InvalidParameterException for what no answer had. */
export function parsePosition(text: string): Position {
  const [, timestamp, segment, index] = POSITION.exec(text) ?? [];
  if (timestamp === undefined) throw invalidParameter("The specified nextToken is invalid.");
  return { timestamp: Number(timestamp), segment: Number(segment), index: Number(index) };
}

/** Tokens of listings: the last item's own key. */
export function encodeToken(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString("base64url");
}

/** @throws ServiceError InvalidParameterException for what no answer had. */
export function decodeToken(token: string): (string | number)[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    const isList = Array.isArray(values) && values.every((value) => ["string", "number"].includes(typeof value));
    if (isList && encodeToken(values as string[]) === token) return values as (string | number)[];
  } catch {
    // Not one of ours.
  }
  throw invalidParameter("The specified nextToken is invalid.");
}
