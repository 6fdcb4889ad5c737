import { element } from "../../lib/xml.ts";
import { MANAGED_RESPONSE_HEADERS_POLICIES } from "../../metadata/cdn/managed-policies.ts";
import type { CorsConfig, ResponseHeadersPolicyConfig } from "../../metadata/cdn/policy-configs.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkHeaderName, checkHeaderValue, checkName, checkUnique } from "./names.ts";
import { describeModified, typeElement } from "./request-policies.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceHandlers, summariseWhole } from "./resources.ts";
import { responseHeadersPolicyShape } from "./xml/policy-shapes.ts";

/** "Quotas on policies": custom headers, and headers to remove. */
const MAX_HEADERS = 10;
/** Characters of a Content-Security-Policy. */
const MAX_CSP = 1_783;

/** What frames a message: a policy that added or removed one would break it. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

const responseHeadersPolicies: ResourceType<"response-headers-policy"> = {
  kind: "response-headers-policy",
  name: "ResponseHeadersPolicy",
  path: "response-headers-policy",
  shape: responseHeadersPolicyShape,
  newId: () => crypto.randomUUID(),
  nameOf: ({ Name }) => Name,
  check: checkResponseHeadersPolicy,
  managed: MANAGED_RESPONSE_HEADERS_POLICIES,
  describe: describeModified,
  list: "short",
  summarise: (resource, config) =>
    element("ResponseHeadersPolicySummary", [
      typeElement(resource),
      summariseWhole(responseHeadersPolicies, resource, config),
    ]),
  errors: {
    notFound: "NoSuchResponseHeadersPolicy",
    alreadyExists: "ResponseHeadersPolicyAlreadyExists",
    inUse: "ResponseHeadersPolicyInUse",
    tooMany: "TooManyResponseHeadersPolicies",
  },
};

export const responseHeadersPolicyHandlers = resourceHandlers(responseHeadersPolicies);

function checkResponseHeadersPolicy(policy: ResponseHeadersPolicyConfig): void {
  const { Name, CorsConfig: cors, SecurityHeadersConfig: security, ServerTimingHeadersConfig: timing } = policy;
  checkName(Name);
  if (cors) checkCors(cors);
  if ((security?.ContentSecurityPolicy?.ContentSecurityPolicy.length ?? 0) > MAX_CSP) {
    throw cloudFrontError("TooLongCSPInResponseHeadersPolicy");
  }
  if (security?.XSSProtection?.ModeBlock && security.XSSProtection.ReportUri) {
    throw invalidArgument("The parameter XSSProtection must not have both ModeBlock and ReportUri.");
  }
  const rate = timing?.SamplingRate ?? 0;
  if (rate < 0 || rate > 100) throw invalidArgument("The parameter SamplingRate must be between 0 and 100.");
  checkHeaderChanges(policy);
}

function checkCors(cors: CorsConfig): void {
  const { AccessControlAllowOrigins: origins, AccessControlAllowMethods: methods } = cors;
  if (origins.length === 0) throw invalidArgument("The parameter AccessControlAllowOrigins must not be empty.");
  if (methods.length === 0) throw invalidArgument("The parameter AccessControlAllowMethods must not be empty.");
  const open = [origins, cors.AccessControlAllowHeaders, methods, cors.AccessControlExposeHeaders].some(
    (values) => values.includes("*") || values.includes("ALL"),
  );
  if (cors.AccessControlAllowCredentials && open) {
    throw invalidArgument("The parameter AccessControlAllowCredentials must be false where another is a wildcard.");
  }
}

function checkHeaderChanges({
  CustomHeadersConfig: custom,
  RemoveHeadersConfig: removed,
}: ResponseHeadersPolicyConfig): void {
  if (custom.length > MAX_HEADERS) throw cloudFrontError("TooManyCustomHeadersInResponseHeadersPolicy");
  if (removed.length > MAX_HEADERS) throw cloudFrontError("TooManyRemoveHeadersInResponseHeadersPolicy");
  checkUnique(
    "CustomHeadersConfig",
    custom.map(({ Header }) => Header),
  );
  checkUnique(
    "RemoveHeadersConfig",
    removed.map(({ Header }) => Header),
  );
  for (const { Header } of [...custom, ...removed]) {
    checkHeaderName(Header);
    if (FRAMING.has(Header.toLowerCase())) {
      throw invalidArgument(`The parameter Header contains ${Header} that is not allowed.`);
    }
  }
  for (const { Value } of custom) checkHeaderValue(Value);
}
