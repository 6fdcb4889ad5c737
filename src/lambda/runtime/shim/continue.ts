import type { ClientRequest } from "node:http";

type Request = (...options: readonly unknown[]) => ClientRequest;

/**
 * `request` of `node:http` or `node:https` whose requests emit `continue` when they expect it (RFC 9110, 10.1.1).
 * workerd sends a request once its body is there, so that no server can answer before; the AWS SDK would wait
 * for one six seconds with each upload of more than 2 MB.
 */
export function emitContinue(request: Request): Request {
  return (...options) => {
    const made = request(...options);
    if (String(made.getHeader("expect") ?? "").toLowerCase() === "100-continue") {
      process.nextTick(() => made.emit("continue"));
    }
    return made;
  };
}
