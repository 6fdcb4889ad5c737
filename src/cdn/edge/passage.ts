import type { CdnPorts } from "../origin/origin-request.ts";
import type { Behavior } from "./behavior.ts";
import type { CacheKey } from "./cache-key.ts";
import type { CompiledDistribution } from "./compile.ts";
import { readForwardedHeader } from "./origin-headers.ts";
import type { ViewerRequest } from "./viewer.ts";

/** One request on its way through a distribution. */
export interface Passage {
  readonly distribution: CompiledDistribution;
  readonly behavior: Behavior;
  readonly viewer: ViewerRequest;
  readonly key: CacheKey;
  readonly ports: CdnPorts;
  /** Of the deployment. */
  readonly domain: string;
  /** Whether this is the origin shield: it asks the origin itself. */
  readonly isShield: boolean;
}

/** Looks headers up as the origin of a passage sees them. */
export function forwardedReader({ behavior, viewer, key }: Passage): (name: string) => string | null {
  return (name) => readForwardedHeader(behavior, viewer, key.codings, name);
}

/** The target of the request within the distribution, whatever prefix the viewer put before it. */
export function targetUrl({ viewer }: Pick<Passage, "viewer">): URL {
  return new URL(`http://${viewer.host}${viewer.path}${viewer.query === "" ? "" : `?${viewer.query}`}`);
}
