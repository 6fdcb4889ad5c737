import type { Query } from "../../lib/query.ts";
import { element, type XmlContent, type XmlElement } from "../../lib/xml.ts";
import type { Page } from "../../metadata/cdn/registry-protocol.ts";
import { invalidArgument } from "./errors.ts";

const MAX_ITEMS = 100;

export interface PageRequest {
  /** The id after which the page begins; empty for the first. */
  readonly marker: string;
  /** 1 to 100. */
  readonly limit: number;
}

/** `Marker` and `MaxItems` of a listing. */
export function readPage(query: Query): PageRequest {
  const limit = query.get("MaxItems") ?? String(MAX_ITEMS);
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw invalidArgument("The parameter MaxItems must be a positive number.");
  return { marker: query.get("Marker") ?? "", limit: Math.min(Number(limit), MAX_ITEMS) };
}

/** The last id of a page is the marker of the next one. */
export function nextMarker<Item>({ items, truncated }: Page<Item>, idOf: (item: Item) => string): string | undefined {
  const last = items.at(-1);
  return truncated && last ? idOf(last) : undefined;
}

/** Older lists of the API say where they began and whether they end; newer ones only where to go on. */
export type ListStyle = "marked" | "short";

/** A list document around its rendered items. */
export function renderList(
  name: string,
  style: ListStyle,
  page: PageRequest & { readonly next: string | undefined },
  items: readonly XmlContent[],
): XmlElement {
  return element(name, [
    style === "marked" ? element("Marker", page.marker) : undefined,
    page.next === undefined ? undefined : element("NextMarker", page.next),
    element("MaxItems", page.limit),
    style === "marked" ? element("IsTruncated", page.next !== undefined) : undefined,
    element("Quantity", items.length),
    items.length === 0 ? undefined : element("Items", items),
  ]);
}
