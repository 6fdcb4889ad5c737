import type { Query } from "../lib/query.ts";
import type { Page } from "../metadata/function/protocol.ts";
import { Violations } from "./constraints.ts";
import { invalidParameter } from "./errors.ts";

/** Lambda answers at most 50 items a page, whatever is asked for. */
const MAX_PAGE = 50;
const MAX_ITEMS = 10_000;

export interface PageRequest {
  /** The last item of the page before; empty for the first. */
  readonly after: string;
  readonly limit: number;
}

/** `Marker` and `MaxItems` of a listing, of which the service model allows `maxItems`. */
export function readPage(query: Query, maxItems = MAX_ITEMS): PageRequest {
  const text = query.get("MaxItems");
  const marker = query.get("Marker");
  return { after: marker ? decodeMarker(marker) : "", limit: readLimit(text, maxItems) };
}

function readLimit(text: string | undefined, max: number): number {
  if (text === undefined) return MAX_PAGE;
  if (!/^\d{1,9}$/.test(text)) throw invalidParameter(`The value of maxItems, ${text}, is not an integer.`);
  const violations = new Violations();
  violations.checkNumber("maxItems", Number(text), { min: 1, max });
  violations.throwAny();
  return Math.min(Number(text), MAX_PAGE);
}

/** The answer's members: the items under `member`, and `NextMarker` when there are more. */
export function renderPage<Item>(member: string, page: Page<Item>, render: (item: Item) => object): object {
  return {
    [member]: page.items.map(render),
    ...(page.next !== undefined && { NextMarker: encodeMarker(page.next) }),
  };
}

function encodeMarker(next: string): string {
  return Buffer.from(next).toString("base64url");
}

function decodeMarker(marker: string): string {
  const after = Buffer.from(marker, "base64url").toString();
  if (encodeMarker(after) !== marker) throw invalidParameter("The marker is not one that a listing answered.");
  return after;
}
