import { child, children, type XmlContent, element, type XmlNode } from "../../../lib/xml.ts";
import { cloudFrontError, constraintViolated } from "../errors.ts";

/**
 * Documents of CloudFront's API as values with AWS's member names, both ways by one table: what a shape reads,
 * it also writes. Where the API wraps a list in `{Quantity, Items}`, the value is a plain array.
 */
export interface Shape<Value> {
  /** `path` names the element in complaints: `distributionConfig.origins.items.1.member`. */
  read(node: XmlNode, path: string): Value;
  /** The content of the element. */
  write(value: Value): XmlContent;
}

/** A member of a structure: most are one element of its name, some are several. */
export interface Member<Value> {
  read(parent: XmlNode, name: string, path: string): Value;
  write(name: string, value: Value): XmlContent;
}

/** One for each member of a type; those of optional members may answer undefined. */
export type Members<Value> = { readonly [Name in keyof Value]-?: Member<Value[Name]> };

/** Beside `Items`, where that is a member. */
const QUANTITY = "Quantity";

/**
 * In the order in which they are written. What a client sends and no member takes is refused by name: nothing
 * that is accepted is forgotten. `ignored` are those whose value here says that they change nothing.
 */
export function structure<Value extends object>(
  members: Members<Value>,
  ignored: Readonly<Record<string, string>> = {},
): Shape<Value> {
  const names = Object.keys(members) as (keyof Value & string)[];
  const known: ReadonlySet<string> = new Set([...names, QUANTITY]);
  return {
    read(node, path) {
      const unknown = node.children.find(({ name, text }) => !known.has(name) && ignored[name] !== text);
      if (unknown) {
        throw cloudFrontError("MalformedXML", `${unknown.name} in ${node.name} is not supported.`);
      }
      const value: Partial<Value> = {};
      for (const name of names) {
        const found = members[name].read(node, name, `${path}.${lowerFirst(name)}`);
        if (found !== undefined) value[name] = found;
      }
      // Members that are not optional in the type answer a value or throw.
      return value as Value;
    },
    write: (value) => names.map((name) => members[name].write(name, value[name])),
  };
}

export function required<Value>(shape: Shape<Value>): Member<Value> {
  return {
    read(parent, name, path) {
      const node = child(parent, name);
      if (!node) throw constraintViolated("null", path, "Member must not be null");
      return shape.read(node, path);
    },
    write: (name, value) => element(name, shape.write(value)),
  };
}

export function optional<Value>(shape: Shape<Value>): Member<Value | undefined> {
  return {
    read(parent, name, path) {
      const node = child(parent, name);
      return node && shape.read(node, path);
    },
    write: (name, value) => (value === undefined ? undefined : element(name, shape.write(value))),
  };
}

/** What CloudFront fills in where the element is missing. */
export function withDefault<Value>(shape: Shape<Value>, absent: Value): Member<Value> {
  return {
    read(parent, name, path) {
      const node = child(parent, name);
      return node ? shape.read(node, path) : absent;
    },
    write: (name, value) => element(name, shape.write(value)),
  };
}

/** `<Quantity>` and `<Items>` inside an element of their own. */
export function quantified<Item>(itemName: string, item: Shape<Item>): Shape<readonly Item[]> {
  const items = quantifiedItems(itemName, item);
  return {
    read: (node, path) => items.read(node, "Items", `${path}.items`),
    write: (value) => items.write("Items", value),
  };
}

/** `<Quantity>` and `<Items>` beside other members. */
export function quantifiedItems<Item>(itemName: string, item: Shape<Item>): Member<readonly Item[]> {
  const list = listOf(itemName, item);
  return {
    read(parent, name, path) {
      const quantity = required(integer).read(parent, "Quantity", path.replace(/items$/, "quantity"));
      const node = child(parent, name);
      const items = node ? list.read(node, path) : [];
      if (items.length !== quantity) throw cloudFrontError("InconsistentQuantities");
      return items;
    },
    write: (name, value) =>
      [element("Quantity", value.length), value.length > 0 && element(name, list.write(value))].filter(
        (content) => content !== false,
      ),
  };
}

/** A list without a quantity: its element's children. */
export function listOf<Item>(itemName: string, item: Shape<Item>): Shape<readonly Item[]> {
  return {
    read: (node, path) => children(node, itemName).map((one, index) => item.read(one, `${path}.${index + 1}.member`)),
    write: (value) => value.map((one) => element(itemName, item.write(one))),
  };
}

export const text: Shape<string> = { read: (node) => node.text, write: (value) => value };

/** Text whose length CloudFront limits, in characters. */
export function textUpTo(limit: number): Shape<string> {
  return {
    read(node, path) {
      if (node.text.length <= limit) return node.text;
      throw constraintViolated(quote(node.text), path, `Member must have length less than or equal to ${limit}`);
    },
    write: (value) => value,
  };
}

export const boolean: Shape<boolean> = {
  read(node) {
    const value = node.text.trim().toLowerCase();
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    throw cloudFrontError("MalformedXML", `'${node.text}' is not a boolean in the element ${node.name}.`);
  },
  write: (value) => value,
};

export const integer: Shape<number> = {
  read(node) {
    const value = node.text.trim();
    if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
    throw cloudFrontError("MalformedXML", `'${node.text}' is not an integer in the element ${node.name}.`);
  },
  write: (value) => value,
};

export const decimal: Shape<number> = {
  read(node) {
    const value = node.text.trim();
    if (/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(value)) return Number(value);
    throw cloudFrontError("MalformedXML", `'${node.text}' is not a number in the element ${node.name}.`);
  },
  write: (value) => value,
};

export function oneOf<const Value extends string>(...values: readonly Value[]): Shape<Value> {
  return {
    read(node, path) {
      const value = values.find((candidate) => candidate === node.text);
      if (value !== undefined) return value;
      throw constraintViolated(quote(node.text), path, `Member must satisfy enum value set: [${values.join(", ")}]`);
    },
    write: (value) => value,
  };
}

function quote(value: string): string {
  return `'${value}'`;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
