import type {
  CorsConfig,
  ResponseHeadersPolicyConfig,
  SecurityHeadersConfig,
} from "../../metadata/cdn/policy-configs.ts";

/** Applies a response headers policy: it changes what goes to the viewer, never what is stored. */
export function applyHeadersPolicy(headers: Headers, policy: ResponseHeadersPolicyConfig, request: Headers): void {
  for (const { Header } of policy.RemoveHeadersConfig) headers.delete(Header);
  if (policy.CorsConfig) applyCors(headers, policy.CorsConfig, request);
  if (policy.SecurityHeadersConfig) applySecurity(headers, policy.SecurityHeadersConfig);
  for (const { Header, Value, Override } of policy.CustomHeadersConfig) put(headers, Header, Value, Override);
}

const CORS_FIELDS = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
];

/** Without OriginOverride, an origin that speaks of CORS at all has the word. */
function applyCors(headers: Headers, cors: CorsConfig, request: Headers): void {
  if (!cors.OriginOverride && CORS_FIELDS.some((name) => headers.has(name))) return;
  const origin = request.get("origin");
  for (const name of CORS_FIELDS) headers.delete(name);
  const anyOrigin = cors.AccessControlAllowOrigins.includes("*");
  // What one origin may see must not be answered from a browser's cache to another.
  if (!anyOrigin) addVary(headers, "Origin");
  if (
    origin === null ||
    !(anyOrigin || cors.AccessControlAllowOrigins.some((allowed) => matchesOrigin(allowed, origin)))
  ) {
    return;
  }
  // Credentials and `*` together are no answer for a browser, and echoing any origin would give everything away.
  const credentials = cors.AccessControlAllowCredentials && !anyOrigin;
  headers.set("access-control-allow-origin", anyOrigin ? "*" : origin);
  if (credentials) headers.set("access-control-allow-credentials", "true");
  const exposed = cors.AccessControlExposeHeaders.join(", ");
  if (exposed !== "") headers.set("access-control-expose-headers", exposed);
  if (request.has("access-control-request-method")) applyPreflight(headers, cors);
}

const ALL_METHODS = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS";

function applyPreflight(headers: Headers, cors: CorsConfig): void {
  const methods = cors.AccessControlAllowMethods.includes("ALL")
    ? ALL_METHODS
    : cors.AccessControlAllowMethods.join(", ");
  headers.set("access-control-allow-methods", methods);
  const allowed = cors.AccessControlAllowHeaders.join(", ");
  if (allowed !== "") headers.set("access-control-allow-headers", allowed);
  if (cors.AccessControlMaxAgeSec !== undefined)
    headers.set("access-control-max-age", String(cors.AccessControlMaxAgeSec));
}

/** `https://*.example.com` and `https://example.com:*`; a wildcard never reaches across a slash. */
function matchesOrigin(allowed: string, origin: string): boolean {
  const withScheme = allowed.includes("://") ? allowed : `*://${allowed}`;
  const source = withScheme.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", "[^/]*");
  return new RegExp(`^${source}$`, "i").test(origin);
}

function applySecurity(headers: Headers, config: SecurityHeadersConfig): void {
  const {
    XSSProtection: xss,
    FrameOptions: frame,
    ReferrerPolicy: referrer,
    ContentSecurityPolicy: policy,
    ContentTypeOptions: type,
    StrictTransportSecurity: transport,
  } = config;
  if (xss) put(headers, "x-xss-protection", describeXss(xss), xss.Override);
  if (frame) put(headers, "x-frame-options", frame.FrameOption, frame.Override);
  if (referrer) put(headers, "referrer-policy", referrer.ReferrerPolicy, referrer.Override);
  if (policy) put(headers, "content-security-policy", policy.ContentSecurityPolicy, policy.Override);
  if (type) put(headers, "x-content-type-options", "nosniff", type.Override);
  if (transport) put(headers, "strict-transport-security", describeTransport(transport), transport.Override);
}

function describeXss({
  Protection,
  ModeBlock,
  ReportUri,
}: NonNullable<SecurityHeadersConfig["XSSProtection"]>): string {
  if (!Protection) return "0";
  return `1${ModeBlock ? "; mode=block" : ""}${ReportUri ? `; report=${ReportUri}` : ""}`;
}

function describeTransport(config: NonNullable<SecurityHeadersConfig["StrictTransportSecurity"]>): string {
  const { AccessControlMaxAgeSec, IncludeSubdomains, Preload } = config;
  return `max-age=${AccessControlMaxAgeSec}${IncludeSubdomains ? "; includeSubDomains" : ""}${Preload ? "; preload" : ""}`;
}

function put(headers: Headers, name: string, value: string, override: boolean): void {
  if (override || !headers.has(name)) headers.set(name, value);
}

function addVary(headers: Headers, name: string): void {
  const vary = headers.get("vary");
  if (vary === null) headers.set("vary", name);
  else if (!vary.split(",").some((element) => ["*", name.toLowerCase()].includes(element.trim().toLowerCase()))) {
    headers.set("vary", `${vary}, ${name}`);
  }
}
