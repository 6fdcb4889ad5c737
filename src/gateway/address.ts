import { isLambdaPath } from "../lambda/service.ts";
import { decodePercent } from "../lib/percent.ts";

/** What a host and path point at. */
export type Address =
  | { readonly service: "s3"; readonly bucket: string; readonly key: string; readonly virtualHosted: boolean }
  /** S3 Control, below `/v20180820/`. The account where the host names it. */
  | { readonly service: "s3-control"; readonly accountId: string | undefined }
  /** `/_verge/api/…`, `/_verge/health`, the console. The segments are decoded. */
  | { readonly service: "verge"; readonly segments: readonly string[] }
  /** One of Lambda's versioned paths: its operations split it. */
  | { readonly service: "lambda" }
  /** EventBridge Scheduler. */
  | { readonly service: "scheduler" }
  | { readonly service: "sqs" }
  | { readonly service: "iam" }
  | { readonly service: "sts" }
  | { readonly service: "kms" }
  /** `<bucket>.s3-website.<domain>`: pages for browsers. */
  | { readonly service: "website"; readonly bucket: string; readonly key: string }
  /** CloudWatch Logs: `X-Amz-Target` names the operation. */
  | { readonly service: "logs" }
  /** Whatever is signed for it. */
  | { readonly service: "cloudfront" }
  /** The audit trail: `X-Amz-Target` names the operation. */
  | { readonly service: "cloudtrail" }
  /** `/_fn/code/<account>/<id>`: a function's package, by a link that GetFunction gave. */
  | { readonly service: "function-code"; readonly codeId: string }
  /** `<id>.lambda-url.<domain>`, `/_fn/<id>/…`: the rest of the path is the function's. */
  | { readonly service: "function-url"; readonly urlId: string; readonly rawPath: string }
  /** `<id>.cdn.<domain>`, `/_cdn/<id>/…`, or a host that is an alias: the rest of the path is the distribution's. */
  | {
      readonly service: "cdn";
      /** Undefined where the host is an alias. */
      readonly distributionId: string | undefined;
      readonly rawPath: string;
      readonly byPath: boolean;
    }
  /** A host or reserved path of a service that this deployment does not serve. */
  | { readonly service: "unsupported"; readonly what: string };

/** Services that are told from S3 by what a request is signed for: their paths could be buckets. */
const BY_SCOPE: ReadonlyMap<string, Address> = new Map([
  ["cloudfront", { service: "cloudfront" }],
  ["cloudtrail", { service: "cloudtrail" }],
  ["iam", { service: "iam" }],
  ["kms", { service: "kms" }],
  ["logs", { service: "logs" }],
  ["scheduler", { service: "scheduler" }],
  ["sqs", { service: "sqs" }],
  ["sts", { service: "sts" }],
]);

/** Labels below the domain that are services, and so never buckets. */
const SERVICE_LABELS = new Set(["s3", "s3-website", "s3-control", "lambda-url", "cdn"]);
/** What the paths of all other services below begin with, for an underscore or a date; a bucket's may begin with a digit. */
const MAY_BE_RESERVED = /^\/[_\d]/;
/** AWS's versioned API paths begin with a date: `/2015-03-31/functions`. */
const VERSIONED_PATH = /^\/\d{4}-\d{2}-\d{2}\//;
/** `<account>.s3-control.<domain>`, and what SDKs make of the bare domain. */
const CONTROL_LABEL = /^(?:(\d{12})(?:\.s3-control)?|s3-control)$/;
const CONTROL_PATH = "/v20180820/";
/** With the region after a hyphen or a dot, as AWS has it in one half of its regions each, or without. */
const WEBSITE_HOST = /^(.+)\.s3-website(?:[-.][a-z0-9-]+)?$/;
const URL_LABEL = ".lambda-url";
const FUNCTION_URL = /^\/_fn\/([a-z0-9]{32})(\/.*)?$/;
const FUNCTION_CODE = /^\/_fn\/code\/(\d{12}\/[0-9a-f-]{36})$/;
const CDN_LABEL = ".cdn";
const CDN_PATH = /^\/_cdn\/([A-Za-z0-9]+)(\/.*)?$/;
/** Reserved below the base domain: an underscore cannot begin a bucket name. */
const RESERVED_PATH = /^\/(_fn|_cdn)(\/|$)/;

/**
 * Resolves a host and a raw path. Any host that is not below the deployment's domain counts as the
 * base domain (an address, a tunnel, a custom domain in front), where S3 is path style. `signedService` is
 * what the request is signed for, if it is (`readSignedService`).
 */
export function resolveAddress(host: string, rawPath: string, domain: string, signedService?: string): Address {
  const label = labelBelow(host, domain);
  // What viewers sign is the origin's business: it must not lead them to another service.
  if (label?.endsWith(CDN_LABEL)) {
    const distributionId = label.slice(0, -CDN_LABEL.length).toUpperCase();
    return { service: "cdn", distributionId, rawPath, byPath: false };
  }
  const scoped = signedService === undefined ? undefined : BY_SCOPE.get(signedService);
  if (scoped) return scoped;
  if (rawPath.startsWith(CONTROL_PATH)) {
    const control = label === undefined ? [] : CONTROL_LABEL.exec(label);
    if (control) return { service: "s3-control", accountId: control[1] };
  }
  if (label !== undefined) {
    const website = WEBSITE_HOST.exec(label);
    if (website) return { service: "website", bucket: website[1]!, key: decodePercent(rawPath.slice(1)) };
    const bucket = virtualBucket(label);
    if (bucket !== undefined)
      return { service: "s3", bucket, key: decodePercent(rawPath.slice(1)), virtualHosted: true };
    if (label.endsWith(URL_LABEL))
      return { service: "function-url", urlId: label.slice(0, -URL_LABEL.length), rawPath };
    if (label !== "s3") return { service: "unsupported", what: `the host ${host}` };
  }
  if (!MAY_BE_RESERVED.test(rawPath)) return splitPathStyle(rawPath);
  if (rawPath === "/_verge" || rawPath.startsWith("/_verge/")) {
    return { service: "verge", segments: rawPath.split("/").slice(2).map(decodePercent) };
  }
  if (isLambdaPath(rawPath)) return { service: "lambda" };
  const code = FUNCTION_CODE.exec(rawPath);
  if (code) return { service: "function-code", codeId: code[1]! };
  const url = FUNCTION_URL.exec(rawPath);
  if (url) return { service: "function-url", urlId: url[1]!, rawPath: url[2] || "/" };
  const distribution = CDN_PATH.exec(rawPath);
  if (distribution) {
    const [, id = "", path = "/"] = distribution;
    return { service: "cdn", distributionId: id.toUpperCase(), rawPath: path, byPath: true };
  }
  if (VERSIONED_PATH.test(rawPath) || RESERVED_PATH.test(rawPath))
    return { service: "unsupported", what: `the path ${rawPath}` };
  return splitPathStyle(rawPath);
}

function labelBelow(host: string, domain: string): string | undefined {
  return host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : undefined;
}

/** `photos.s3` and, for SDKs pointed at the bare domain, `photos`. Bucket names may contain dots. */
function virtualBucket(label: string): string | undefined {
  if (label.endsWith(".s3")) return label.slice(0, -".s3".length);
  const lastLabel = label.slice(label.lastIndexOf(".") + 1);
  return SERVICE_LABELS.has(lastLabel) ? undefined : label;
}

function splitPathStyle(rawPath: string): Address {
  const slash = rawPath.indexOf("/", 1);
  const rawBucket = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash);
  const rawKey = slash < 0 ? "" : rawPath.slice(slash + 1);
  return { service: "s3", bucket: decodePercent(rawBucket), key: decodePercent(rawKey), virtualHosted: false };
}
