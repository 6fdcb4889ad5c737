import * as z from "zod/mini";
import { parseIpRange } from "../auth/policy/ip-ranges.ts";
import { distributionOf } from "../metadata/cdn/client.ts";
import { RATE_LIMITS } from "../metadata/cdn/protection.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readInput } from "./input.ts";

const MAX_RULES = 100;
const MAX_VALUES = 1_000;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

const paths = z
  .array(z.string().check(z.regex(/^[/*]\S{0,255}$/, "must begin with / or *")))
  .check(z.minLength(1), z.maxLength(MAX_VALUES));
const list = <Item extends z.ZodMiniType>(item: Item) => z.array(item).check(z.minLength(1), z.maxLength(MAX_VALUES));
const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));

const Rule = z.strictObject({
  action: z.enum(["allow", "block", "challenge"]),
  addresses: z.optional(
    list(z.string().check(z.refine((text) => parseIpRange(text) !== undefined, "must be an address or a range"))),
  ),
  countries: z.optional(list(z.string().check(z.regex(/^[A-Z]{2}$/, "must be two upper-case letters")))),
  paths: z.optional(paths),
  methods: z.optional(list(z.string().check(z.regex(/^[A-Z]{3,10}$/, "must be a method")))),
  headers: z.optional(
    list(
      z.strictObject({
        name: z.string().check(z.regex(HEADER, "must be a header's name")),
        matches: z.optional(z.string().check(z.maxLength(256))),
      }),
    ),
  ),
});

const ProtectionInput = z.strictObject({
  rules: z.optional(z.array(Rule).check(z.maxLength(MAX_RULES))),
  rateLimits: z.optional(
    z
      .array(
        z.strictObject({
          requests: z.literal([...RATE_LIMITS]),
          by: z
            .array(
              z
                .string()
                .check(
                  z.regex(
                    /^(?:address|path|header:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})$/,
                    "must be address, path or header:<name>",
                  ),
                ),
            )
            .check(z.minLength(1), z.maxLength(3)),
          paths: z.optional(paths),
        }),
      )
      .check(z.maxLength(10)),
  ),
  maxBodyBytes: z.optional(whole(0, 5_368_709_120)),
  maxUrlBytes: z.optional(whole(1, 65_536)),
  hotlink: z.optional(
    z.strictObject({
      paths,
      hosts: z
        .array(z.string().check(z.regex(/^(?:\*\.)?[a-z0-9.-]+$/, "must be a host in lower case")))
        .check(z.maxLength(MAX_VALUES)),
      allowEmpty: z.optional(z.boolean()),
    }),
  ),
  challenge: z.optional(
    z.strictObject({ paths, difficulty: z.optional(whole(1, 24)), seconds: z.optional(whole(60, 86_400)) }),
  ),
  circuitBreaker: z.optional(z.strictObject({ failures: whole(1, 1_000), seconds: whole(1, 3_600) })),
});

/** GET /distributions/{id}/protection → 200, the document; `{}` where there is none. */
export async function getProtection(call: VergeCall): Promise<VergeResult> {
  const id = parameter(call, "id");
  const snapshot = await distributionOf(call.env, id).read();
  if (!snapshot || snapshot === "unchanged") throw noSuchDistribution(id);
  return { status: 200, body: snapshot.protection ?? {} };
}

/** PUT /distributions/{id}/protection, the whole document → 200, the document. */
export async function putProtection(call: VergeCall): Promise<VergeResult> {
  const id = parameter(call, "id");
  const protection = await readInput(call.payload, ProtectionInput);
  if (!(await distributionOf(call.env, id).setProtection(protection))) throw noSuchDistribution(id);
  return { status: 200, body: protection };
}

function noSuchDistribution(id: string) {
  return apiError("NoSuchEntity", `The distribution ${id} cannot be found.`);
}
