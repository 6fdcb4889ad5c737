import { s3Error } from "../errors.ts";

/** How many bytes a file may have, both ends included. */
export interface SizeRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Fails an upload as soon as it is too large. */
export function checkMaximum({ maximum }: SizeRange, size: number): void {
  if (size <= maximum) return;
  throw s3Error("EntityTooLarge", { detail: { ProposedSize: String(size), MaxSizeAllowed: String(maximum) } });
}

/** Fails an upload that has ended too early. */
export function checkMinimum({ minimum }: SizeRange, size: number): void {
  if (size >= minimum) return;
  throw s3Error("EntityTooSmall", { detail: { ProposedSize: String(size), MinSizeAllowed: String(minimum) } });
}
