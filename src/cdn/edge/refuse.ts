import type { Behavior } from "./behavior.ts";
import type { CompiledDistribution } from "./compile.ts";
import type { Draft } from "./draft.ts";
import { draftError, draftRedirect, draftRefusal } from "./error-page.ts";
import type { ViewerRequest } from "./viewer.ts";

/** "GET requests that include a body". */
const BODILESS_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const BAD_METHOD =
  "This distribution is not configured to allow the HTTP request method that was used for this request. " +
  "The distribution supports only cachable requests.";

/** The answer to a request that goes no further; undefined for one that may. Costs no storage and no origin. */
export function refuseViewer(
  { snapshot, config }: CompiledDistribution,
  behavior: Behavior,
  viewer: ViewerRequest,
): Draft | undefined {
  if (!snapshot.enabled) return draftError(403, "The distribution is not enabled.");
  if (!behavior.allowedMethods.has(viewer.method)) return draftRefusal(403, BAD_METHOD, "InvalidRequestMethod");
  // Part of no cache key, and so nothing that an origin may answer from.
  if (viewer.body && BODILESS_METHODS.has(viewer.method)) {
    return draftRefusal(403, `A ${viewer.method} request must not have a body.`, "InvalidRequest");
  }
  const { RestrictionType, Items } = config.Restrictions.GeoRestriction;
  if (RestrictionType !== "none" && viewer.place?.country !== undefined) {
    const isListed = Items.includes(viewer.place.country);
    if (isListed !== (RestrictionType === "whitelist")) {
      return draftRefusal(
        403,
        "This distribution is configured to block access from your country.",
        "ClientGeoBlocked",
      );
    }
  }
  return viewer.protocol === "https" ? undefined : refuseProtocol(behavior, viewer);
}

function refuseProtocol({ viewerProtocolPolicy }: Behavior, viewer: ViewerRequest): Draft | undefined {
  if (viewerProtocolPolicy === "allow-all") return undefined;
  if (viewerProtocolPolicy === "https-only")
    return draftError(403, "Bad request. This distribution answers HTTPS only.");
  const location = `https://${viewer.root.slice(viewer.root.indexOf("://") + 3)}${viewer.path}${viewer.query === "" ? "" : `?${viewer.query}`}`;
  // 307 keeps the method and the body, which 301 lets clients drop.
  return viewer.method === "GET" || viewer.method === "HEAD"
    ? draftRedirect(301, "301 Moved Permanently", location)
    : draftRedirect(307, "307 Temporary Redirect", location);
}
