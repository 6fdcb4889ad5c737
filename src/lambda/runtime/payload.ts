/** An event or a result: JSON text, in whichever form it is at hand; turning one into the other is not free. */
export type Payload = string | Uint8Array;

const decoder = new TextDecoder();

export function textOf(payload: Payload): string {
  return typeof payload === "string" ? payload : decoder.decode(payload);
}
