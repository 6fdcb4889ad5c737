import { cloudFrontError } from "./errors.ts";

/** API Reference, Tag. */
const TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MAX_TAGS = 50;

/** @throws ServiceError InvalidTagging */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  const fine = entries.every(
    ([key, value]) =>
      key.length >= 1 &&
      key.length <= 128 &&
      value.length <= 256 &&
      TEXT.test(key) &&
      TEXT.test(value) &&
      !key.toLowerCase().startsWith("aws:"),
  );
  if (!fine || entries.length > MAX_TAGS) throw cloudFrontError("InvalidTagging");
}
