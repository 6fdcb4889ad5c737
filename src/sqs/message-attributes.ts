import type { JsonInput } from "../lib/json-input.ts";
import type { MessageAttribute, MessageAttributes } from "../metadata/queue/protocol.ts";
import { sqsError } from "./errors.ts";

const MAX_ATTRIBUTES = 10;
const NAME = /^(?!(?:aws|amazon)\.)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/i;
const DATA_TYPE = /^(String|Number|Binary)(\.[^\s]+)?$/;

/** `MessageAttributes` and `MessageSystemAttributes` of a message. @throws ServiceError InvalidParameterValue */
export function readMessageAttributes(input: JsonInput, member: string): MessageAttributes | undefined {
  const structure = input.structure(member);
  const names = structure?.names() ?? [];
  if (!structure || names.length === 0) return undefined;
  if (names.length > MAX_ATTRIBUTES) {
    throw invalid(`Number of message attributes [${names.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`);
  }
  return Object.fromEntries(names.map((name) => [name, readAttribute(structure.requireStructure(name), name)]));
}

function readAttribute(input: JsonInput, name: string): MessageAttribute {
  if (!NAME.test(name) || name.length > 256) throw invalid(`Invalid message attribute name: '${name}'.`);
  const DataType = input.text("DataType");
  if (DataType === undefined || DataType === "") {
    throw invalid(`The message attribute '${name}' must contain a non-empty message attribute type.`);
  }
  const kind = DATA_TYPE.exec(DataType)?.[1];
  if (kind === undefined || DataType.length > 256) {
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const member = kind === "Binary" ? "BinaryValue" : "StringValue";
  const value = input.text(member);
  if (value === undefined || value === "") {
    throw invalid(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  }
  if (kind === "Number" && (value.trim() === "" || Number.isNaN(Number(value)))) {
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { DataType, [member]: value };
}

/** Bytes that attributes count for in the size of a message: names, types and values. */
export function measureAttributes(attributes: MessageAttributes | undefined): number {
  return Object.entries(attributes ?? {}).reduce(
    (sum, [name, { DataType, StringValue, BinaryValue }]) =>
      sum + Buffer.byteLength(name + DataType + (StringValue ?? "")) + Buffer.from(BinaryValue ?? "", "base64").length,
    0,
  );
}

/** Those that `names` ask for: by name, `All`, `.*`, or a prefix as `color.*`. */
export function selectAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  const wanted = Object.entries(attributes).filter(([name]) =>
    names.some((pattern) => {
      if (pattern === "All" || pattern === ".*") return true;
      return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
    }),
  );
  return Object.fromEntries(wanted);
}

function invalid(message: string) {
  return sqsError("InvalidParameterValue", message);
}
