/** A request to a distribution, as sent. */
export interface ViewerRequest {
  readonly requestId: string;
  /** When it came, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly method: string;
  /** Lower case, without port. */
  readonly host: string;
  readonly protocol: "http" | "https";
  /** Percent-encoded, begins with `/`; below `/_cdn/<id>` what follows it. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Aborted when the body breaks off, where its stream alone cannot say so. */
  readonly bodyBroken?: AbortSignal | undefined;
  readonly clientAddress: string | undefined;
  /** What the platform tells of the client, where it does. */
  readonly place: ViewerPlace | undefined;
  /** Scheme, host, port and path prefix under which the viewer sees the distribution's root. */
  readonly root: string;
}

/** Whether a viewer wants to speak WebSocket (RFC 6455 section 4.1). Upgrades to anything else are not passed on. */
export function isWebSocketHandshake({ method, headers }: ViewerRequest): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket" && method === "GET";
}

/** Of `request.cf`. */
export interface ViewerPlace {
  /** The data centre of Cloudflare that answers. */
  readonly colo?: string | undefined;
  readonly country?: string | undefined;
  readonly regionCode?: string | undefined;
  readonly region?: string | undefined;
  readonly city?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly timezone?: string | undefined;
  readonly latitude?: string | undefined;
  readonly longitude?: string | undefined;
  readonly asn?: number | undefined;
  readonly httpProtocol?: string | undefined;
  readonly tlsVersion?: string | undefined;
  readonly tlsCipher?: string | undefined;
}

/** An isolate stays where it is: asked for once, since making `request.cf` costs more than a hit. */
let location: string | undefined;

/** The data centre that answers, by Cloudflare's code; empty where it is not known. */
export function readLocation(viewer: ViewerRequest): string {
  return (location ??= viewer.place?.colo ?? "");
}

/** A header of the viewer; those that begin with `cloudfront-` are made here and never taken from the viewer. */
export function readViewerHeader(viewer: ViewerRequest, name: string): string | null {
  return name.startsWith("cloudfront-") ? describeViewer(viewer, name) : viewer.headers.get(name);
}

/** "Add CloudFront request headers". Null where nothing is known. */
function describeViewer(viewer: ViewerRequest, name: string): string | null {
  const place = viewer.place ?? {};
  switch (name) {
    case "cloudfront-forwarded-proto":
      return viewer.protocol;
    case "cloudfront-viewer-address":
      return viewer.clientAddress ?? null;
    case "cloudfront-viewer-country":
      return place.country ?? null;
    case "cloudfront-viewer-country-region":
      return place.regionCode ?? null;
    case "cloudfront-viewer-country-region-name":
      return place.region ?? null;
    case "cloudfront-viewer-city":
      return place.city ?? null;
    case "cloudfront-viewer-postal-code":
      return place.postalCode ?? null;
    case "cloudfront-viewer-time-zone":
      return place.timezone ?? null;
    case "cloudfront-viewer-latitude":
      return place.latitude ?? null;
    case "cloudfront-viewer-longitude":
      return place.longitude ?? null;
    case "cloudfront-viewer-asn":
      return place.asn === undefined ? null : String(place.asn);
    case "cloudfront-viewer-http-version":
      return place.httpProtocol?.replace(/^HTTP\//, "") ?? null;
    case "cloudfront-viewer-tls":
      return place.tlsVersion ? `${place.tlsVersion}:${place.tlsCipher ?? ""}` : null;
    default:
      return describeDevice(viewer.headers.get("user-agent") ?? "", name);
  }
}

const TABLET = /iPad|Tablet|PlayBook|Silk|Android(?!.*Mobile)/i;
const MOBILE = /Mobi|iPhone|iPod|Android.*Mobile|Windows Phone|BlackBerry/i;
const SMART_TV = /SmartTV|Smart-TV|HbbTV|AppleTV|GoogleTV|BRAVIA|NetCast|Tizen.*TV|Web0S/i;

function describeDevice(userAgent: string, name: string): string | null {
  const isTv = SMART_TV.test(userAgent);
  const isTablet = !isTv && TABLET.test(userAgent);
  const isMobile = !isTv && !isTablet && MOBILE.test(userAgent);
  switch (name) {
    case "cloudfront-is-smarttv-viewer":
      return String(isTv);
    case "cloudfront-is-tablet-viewer":
      return String(isTablet);
    case "cloudfront-is-mobile-viewer":
      return String(isMobile);
    case "cloudfront-is-desktop-viewer":
      return String(!isTv && !isTablet && !isMobile);
    case "cloudfront-is-ios-viewer":
      return String(/iPhone|iPad|iPod/.test(userAgent));
    case "cloudfront-is-android-viewer":
      return String(/Android/i.test(userAgent));
    default:
      return null;
  }
}
