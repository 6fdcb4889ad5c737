/**
 * How a function runs where this deployment offers what Lambda has no setting for: variables of its own
 * environment, which every client can set (docs/functions-compatibility.md).
 */
import type { RuntimeFunction } from "./runtime/protocol.ts";

type Variables = Readonly<Record<string, string>>;

const ENVIRONMENTS = "VERGE_ENVIRONMENTS";
const EGRESS_ALLOW = "VERGE_EGRESS_ALLOW";

/** A host, or all below it: `api.example.com`, `*.example.com`. */
const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/** Why variables of these names cannot be used; undefined when they can. */
export function complainOfSettings(variables: Variables): string | undefined {
  const environments = variables[ENVIRONMENTS];
  if (environments !== undefined && environments !== "shared" && environments !== "exclusive") {
    return `contain ${ENVIRONMENTS}, which must be 'exclusive' or 'shared'.`;
  }
  const wrong = readHosts(variables)?.find((host) => !HOST.test(host));
  if (wrong === undefined) return undefined;
  return `contain ${EGRESS_ALLOW}, which must be hosts separated by commas, such as 'api.example.com,*.example.org'.`;
}

export function readSettings(variables: Variables): Pick<RuntimeFunction, "sharedEnvironments" | "egressAllow"> {
  const egressAllow = readHosts(variables);
  return {
    ...(variables[ENVIRONMENTS] === "shared" && { sharedEnvironments: true }),
    ...(egressAllow && { egressAllow }),
  };
}

/** An empty list allows no host but the deployment's own. */
function readHosts(variables: Variables): string[] | undefined {
  const hosts = variables[EGRESS_ALLOW]?.split(",").map((host) => host.trim().toLowerCase());
  return hosts?.filter((host) => host !== "");
}
