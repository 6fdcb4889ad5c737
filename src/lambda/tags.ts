import type { LambdaCall, LambdaResult } from "./call.ts";
import { parameter } from "./call.ts";
import { functionNotFound, invalidParameter, lambdaError } from "./errors.ts";
import { Input } from "./input.ts";
import type { EventSourceMapping } from "../metadata/function/mappings-protocol.ts";
import { formatFunctionArn, LATEST, parseMappingArn } from "./names.ts";

const MAX_KEY = 128;
const MAX_VALUE = 256;
/** "Tag restrictions": letters, digits, spaces and these. */
const TAG_TEXT = /^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u;

/** TagResource: `{Tags}`. */
export async function tagResource(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const tags = readTags(input);
  if (!tags) input.violate("Tags", "null", "not be null");
  input.finish();
  const registry = call.ports.registry(call.target.accountId);
  const mapping = readMapping(call);
  const answer =
    mapping === undefined
      ? await registry.putTags(requireFunction(call), tags ?? {})
      : await registry.putMappingTags(mapping, tags ?? {});
  if (answer.outcome === "not-found") throw taggedNotFound(call);
  if (answer.outcome === "too-many") throw invalidParameter("A resource can have at most 50 tags.");
  call.directory.forgetAll();
  return { status: 204 };
}

/** UntagResource: `?tagKeys=a&tagKeys=b`. */
export async function untagResource(call: LambdaCall): Promise<LambdaResult> {
  const keys = call.query.all("tagKeys");
  if (keys.length === 0) {
    throw lambdaError(
      "ValidationException",
      "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
    );
  }
  const registry = call.ports.registry(call.target.accountId);
  const mapping = readMapping(call);
  const answer =
    mapping === undefined
      ? await registry.removeTags(requireFunction(call), keys)
      : await registry.removeMappingTags(mapping, keys);
  if (answer.outcome === "not-found") throw taggedNotFound(call);
  call.directory.forgetAll();
  return { status: 204 };
}

/** ListTags. */
export async function listTags(call: LambdaCall): Promise<LambdaResult> {
  const registry = call.ports.registry(call.target.accountId);
  const mapping = readMapping(call);
  const tags =
    mapping === undefined
      ? (await registry.findFunction(requireFunction(call), LATEST))?.function.tags
      : tagsOf(await registry.findMapping(mapping));
  if (!tags) throw taggedNotFound(call);
  return { status: 200, json: { Tags: tags } };
}

/** `Tags` of a body. */
export function readTags(input: Input): Record<string, string> | undefined {
  const tags = input.textMap("Tags");
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (key.startsWith("aws:")) throw invalidParameter(`The tag key ${key} begins with aws:, which is reserved.`);
    const fits = key.length >= 1 && key.length <= MAX_KEY && value.length <= MAX_VALUE;
    if (!fits || !TAG_TEXT.test(key) || !TAG_TEXT.test(value)) {
      throw invalidParameter(
        "Tag keys have 1 to 128 and values up to 256 characters: letters, digits, spaces and _ . : / = + - @",
      );
    }
  }
  return tags;
}

/** Of mappings most have none. */
function tagsOf(mapping: EventSourceMapping | undefined): EventSourceMapping["tags"] {
  return mapping && (mapping.tags ?? {});
}

/** The event source mapping that is tagged, where it is one. */
function readMapping(call: LambdaCall): string | undefined {
  return parseMappingArn(parameter(call, "Resource"), call.region, call.account.id);
}

/** Tags belong to functions as wholes. */
function requireFunction(call: LambdaCall): string {
  const { name, qualifier } = call.target;
  if (name !== "" && qualifier === undefined) return name;
  throw invalidParameter(
    `Tags on function aliases and versions are not supported. Please specify a function ARN. ${parameter(call, "Resource")}`,
  );
}

function taggedNotFound(call: LambdaCall) {
  if (call.target.name === "") {
    return lambdaError("ResourceNotFoundException", "The resource you requested does not exist.");
  }
  return functionNotFound(formatFunctionArn(call.region, call.target));
}
