import { growTree, type FormTree, listItems } from "./form-tree.ts";
import type { Query } from "./query.ts";
import { element, renderXml, type XmlContent, type XmlElement } from "./xml.ts";
import { ServiceError } from "./errors.ts";

/**
 * AWS's Query protocol, as IAM and STS speak it: a form with an `Action`, lists as `Name.member.1`, answers in XML
 * with lists as `<member>` and maps as `<entry>` (Smithy, "AWS query protocol").
 */

/** What an operation answers, in the members of its model. */
export type QueryValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly QueryValue[]
  | ReadonlyMap<string, QueryValue>
  | QueryResult;
export interface QueryResult {
  readonly [member: string]: QueryValue;
}

/** The parameters of a request or of a structure in one. */
export class FormInput {
  readonly #tree: FormTree;

  constructor(tree: FormTree) {
    this.#tree = tree;
  }

  static parse(form: Query): FormInput {
    return new FormInput(growTree(form));
  }

  text(name: string): string | undefined {
    const value = this.#tree.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** @throws ServiceError ValidationError */
  required(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== "") return value;
    throw invalidMember(name, "Member must not be null");
  }

  /** @throws ServiceError ValidationError */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw invalidMember(name, "Member must be an integer");
    const value = Number(text);
    if (value < min) throw invalidMember(name, `Member must have value greater than or equal to ${min}`);
    if (value > max) throw invalidMember(name, `Member must have value less than or equal to ${max}`);
    return value;
  }

  isTrue(name: string): boolean {
    return this.text(name)?.toLowerCase() === "true";
  }

  /** Of texts. */
  list(name: string): string[] {
    return this.#items(name).filter((item) => typeof item === "string");
  }

  /** Of structures. */
  structures(name: string): FormInput[] {
    return this.#items(name)
      .filter((item) => typeof item !== "string")
      .map((item) => new FormInput(item));
  }

  #items(name: string): (FormTree | string)[] {
    const node = this.#tree.get(name);
    return node instanceof Map ? listItems(node) : [];
  }
}

/** What AWS says of a parameter that is not as its model wants it. */
export function invalidMember(name: string, constraint: string): ServiceError {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  const message = `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`;
  return new ServiceError("ValidationError", 400, message);
}

/** The document that answers an action; `result` is undefined for actions whose model has none. */
export function renderQueryAnswer(
  action: string,
  result: QueryResult | undefined,
  requestId: string,
  namespace: string,
): string {
  const content = result && element(`${action}Result`, renderMembers(result));
  const metadata = element("ResponseMetadata", element("RequestId", requestId));
  return renderXml(element(`${action}Response`, content, metadata), { namespace });
}

export function renderQueryError(
  error: { readonly code: string; readonly status: number; readonly message: string },
  requestId: string,
  namespace: string,
): string {
  const fault = element(
    "Error",
    element("Type", error.status < 500 ? "Sender" : "Receiver"),
    element("Code", error.code),
    element("Message", error.message),
  );
  return renderXml(element("ErrorResponse", fault, element("RequestId", requestId)), { namespace });
}

function renderMembers(members: QueryResult): XmlContent[] {
  return Object.entries(members).map(([name, value]) => (value === undefined ? undefined : renderValue(name, value)));
}

function renderValue(name: string, value: Exclude<QueryValue, undefined>): XmlElement {
  if (value instanceof Date) return element(name, formatSeconds(value));
  if (typeof value !== "object") return element(name, value);
  if (isList(value))
    return element(
      name,
      value.map((item) => (item !== undefined && renderValue("member", item)) || undefined),
    );
  if (value instanceof Map) return element(name, [...(value as ReadonlyMap<string, QueryValue>)].map(renderEntry));
  return element(name, renderMembers(value as QueryResult));
}

function renderEntry([key, value]: [string, QueryValue]): XmlElement {
  return element("entry", element("key", key), value === undefined ? undefined : renderValue("value", value));
}

function isList(value: object): value is readonly QueryValue[] {
  return Array.isArray(value);
}

/** AWS writes times of these APIs in whole seconds. */
function formatSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
