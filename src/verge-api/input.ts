import * as z from "zod/mini";
import { JsonError, parseJson } from "../lib/json.ts";
import type { Payload } from "../lib/payload.ts";
import type { Query } from "../lib/query.ts";
import { readBounded } from "../lib/read-bounded.ts";
import { apiError } from "./errors.ts";

const MAX_BODY_BYTES = 65_536;
const MAX_PAGE = 1_000;

const line = z
  .string()
  .check(z.minLength(1), z.maxLength(128), z.regex(/^[^\p{Cc}]*$/u, "must not contain control characters"));

/** Given secrets are the administrator's choice, but not a guess away. */
const keyMembers = {
  accessKeyId: z.optional(
    z
      .string()
      .check(z.regex(/^[A-Za-z0-9_.-]{3,128}$/, "must be 3 to 128 letters, digits, underscores, dots and hyphens")),
  ),
  secretAccessKey: z.optional(
    z.string().check(z.regex(/^[\x21-\x7e]{8,256}$/, "must be 8 to 256 visible ASCII characters without spaces")),
  ),
};

export const KeyInput = z.strictObject(keyMembers);

export const AccountInput = z
  .strictObject({
    name: z.optional(line),
    displayName: z.optional(line),
    canonicalId: z.optional(line),
    email: z.optional(z.email().check(z.maxLength(254))),
    ...keyMembers,
  })
  .check(
    z.refine(
      (account) => account.name !== undefined || account.displayName !== undefined,
      "name or displayName must be given",
    ),
  );

/** Reads a JSON body and checks it; no body counts as `{}`. Throws ValidationError, RequestEntityTooLarge. */
export async function readInput<Schema extends z.ZodMiniType>(
  payload: Payload,
  schema: Schema,
): Promise<z.output<Schema>> {
  const checked = schema.safeParse(readJson(await readText(payload)));
  if (checked.success) return checked.data;
  // The path of the offending member and what is wrong with it, never its value: it may be a secret.
  const complaints = checked.error.issues.map((issue) =>
    [issue.path.join("."), issue.message].filter(Boolean).join(": "),
  );
  throw apiError("ValidationError", complaints.join("; "));
}

/** `limit` and `after` of a listing. */
export function readPage(query: Query): { limit: number; after: string } {
  const limit = query.get("limit") ?? String(MAX_PAGE);
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MAX_PAGE) {
    throw apiError("ValidationError", `limit: must be a number from 1 to ${MAX_PAGE}`);
  }
  return { limit: Number(limit), after: query.get("after") ?? "" };
}

function readJson(text: string): unknown {
  try {
    return parseJson(text === "" ? "{}" : text);
  } catch (error) {
    if (error instanceof JsonError) throw apiError("ValidationError", error.message);
    throw error;
  }
}

/** The stream is read to its end in any case: that is what verifies it. */
async function readText(payload: Payload): Promise<string> {
  const body = await readBounded(payload.stream, MAX_BODY_BYTES);
  if (!body) throw apiError("RequestEntityTooLarge", `The body is longer than ${MAX_BODY_BYTES} bytes.`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw apiError("ValidationError", "The body is not valid UTF-8.");
  }
}
