import type { Segment } from "./protocol.ts";

/** Segments as they lie in a pack: two lines each, the second of which is the body. */
export function encodePack(segments: readonly Segment[]): string {
  return segments.map(({ body, ...head }) => `${JSON.stringify(head)}\n${body}\n`).join("");
}

/** The segments for which `wanted` holds; the bodies of the others are not looked at. */
export function decodePack(text: string, wanted: (head: Omit<Segment, "body">) => boolean): Segment[] {
  const found: Segment[] = [];
  let at = 0;
  while (at < text.length) {
    const headEnd = text.indexOf("\n", at);
    const bodyEnd = text.indexOf("\n", headEnd + 1);
    const head = JSON.parse(text.slice(at, headEnd)) as Omit<Segment, "body">;
    if (wanted(head)) found.push({ ...head, body: text.slice(headEnd + 1, bodyEnd) });
    at = bodyEnd + 1;
  }
  return found;
}
