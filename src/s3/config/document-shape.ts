import type { StoredElement } from "../../lib/stored-element.ts";
import { element, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import { s3Error } from "../errors.ts";
import { checkChildren } from "./document.ts";

/** What S3's schema says of an element: text, perhaps one of few, or further elements. */
export type ElementShape = Occurrence & ({ readonly text: "any" | readonly string[] } | ParentShape);

export interface ParentShape {
  readonly children: Readonly<Record<string, ElementShape>>;
  /** Exactly one child, of whatever name. */
  readonly choice?: boolean;
}

interface Occurrence {
  readonly required?: boolean;
  readonly repeated?: boolean;
}

/** The content of an element that fits its shape, as it was sent. @throws ServiceError MalformedXML */
export function readShape(node: XmlNode, shape: ParentShape): StoredElement[] {
  const entries = Object.entries(shape.children);
  const names = (repeated: boolean) => entries.filter(([, child]) => (child.repeated ?? false) === repeated);
  checkChildren(
    node,
    names(false).map(([name]) => name),
    names(true).map(([name]) => name),
  );
  if (shape.choice && node.children.length !== 1) throw s3Error("MalformedXML");
  const present = new Set(node.children.map(({ name }) => name));
  if (entries.some(([name, child]) => child.required && !present.has(name))) throw s3Error("MalformedXML");
  return node.children.map((child) => [child.name, readContent(child, shape.children[child.name]!)]);
}

function readContent(node: XmlNode, shape: ElementShape): StoredElement[1] {
  if ("children" in shape) return readShape(node, shape);
  const valid = shape.text === "any" || shape.text.includes(node.text);
  if (!valid || node.children.length > 0) throw s3Error("MalformedXML");
  return node.text;
}

/** The same elements again, of the JSON of what was read. */
export function renderStored(json: string): XmlElement[] {
  return renderElements(JSON.parse(json) as StoredElement[]);
}

function renderElements(stored: readonly StoredElement[]): XmlElement[] {
  return stored.map(([name, content]) =>
    typeof content === "string" ? element(name, content) : element(name, renderElements(content)),
  );
}
