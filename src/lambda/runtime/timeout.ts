/** Lambda's words for it, with the function's time-out in seconds. */
export function describeTimeout(timeoutSeconds: number): string {
  return `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
}
