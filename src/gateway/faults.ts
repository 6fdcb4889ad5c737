/** Logs what nobody foresaw, with the request's id; the answer has none of its details. */
export function logFault(error: unknown, requestId: string, operation: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(JSON.stringify({ requestId, operation, error: text }));
}
