import { ServiceError } from "../../lib/errors.ts";
import { encodeKey } from "../../lib/percent.ts";
import type { RoutingRule, WebsiteConfiguration, WebsiteRedirect } from "../../metadata/bucket/documents.ts";
import { REDIRECT_HEADER } from "../../metadata/bucket/object-redirect.ts";
import type { S3Result } from "../call.ts";
import { renderErrorPage } from "./error-page.ts";

/** What a bucket's website is asked for. */
export interface WebsiteRequest {
  /** The path without its first `/`, decoded; empty for the root. */
  readonly key: string;
  /** `http://photos.s3-website.example.com`, where redirects without a host or protocol lead. */
  readonly origin: string;
  readonly requestId: string;
  readonly hostId: string;
  /** GetObject, or HeadObject for a HEAD, as anybody may; throws what that refuses. */
  readonly read: (key: string) => Promise<S3Result>;
}

/**
 * An answer of a website endpoint (User Guide, "Hosting a static website using Amazon S3"): pages of objects,
 * redirects by rules, and errors as pages of HTML.
 */
export async function serveWebsite(website: WebsiteConfiguration, request: WebsiteRequest): Promise<S3Result> {
  const { key } = request;
  if (website.redirectAllTo) return redirect(request, website.redirectAllTo, undefined);
  const early = website.rules?.find((rule) => rule.errorCode === undefined && fitsKey(rule, key));
  if (early) return redirect(request, early.redirect, early.keyPrefix);
  const suffix = website.indexSuffix ?? "";
  try {
    return followObject(await request.read(key === "" || key.endsWith("/") ? key + suffix : key));
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status < 400) throw error;
    if (error.status === 404 && (await isFolder(request, suffix))) return redirectTo(302, `/${encodeKey(key)}/`);
    const late = website.rules?.find((rule) => rule.errorCode === error.status && fitsKey(rule, key));
    if (late) return redirect(request, late.redirect, late.keyPrefix);
    return answerError(website, request, error);
  }
}

/** An object may say that its page is elsewhere. */
function followObject(found: S3Result): S3Result {
  const location = found.headers?.[REDIRECT_HEADER];
  return location === undefined ? found : redirectTo(301, location);
}

/** Whether `key/` has an index page, to which a request without the slash is sent. */
async function isFolder({ key, read }: WebsiteRequest, suffix: string): Promise<boolean> {
  if (key === "" || key.endsWith("/")) return false;
  try {
    const { body } = await read(`${key}/${suffix}`);
    if (body instanceof ReadableStream) await body.cancel();
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

/** The error document under the status of the error; without one, a page that says what happened. */
async function answerError(
  website: WebsiteConfiguration,
  request: WebsiteRequest,
  error: ServiceError,
): Promise<S3Result> {
  if (website.errorKey === undefined) return renderErrorPage(error, request);
  try {
    const page = await request.read(website.errorKey);
    return { ...page, status: error.status };
  } catch (missing) {
    if (!(missing instanceof ServiceError)) throw missing;
    return renderErrorPage(error, request, missing);
  }
}

function fitsKey({ keyPrefix }: RoutingRule, key: string): boolean {
  return keyPrefix === undefined || key.startsWith(keyPrefix);
}

function redirect(request: WebsiteRequest, target: WebsiteRedirect, matched: string | undefined): S3Result {
  const { key, origin } = request;
  const [scheme = "", host = ""] = origin.split("://");
  const path = target.replaceKeyWith ?? replacePrefix(key, matched ?? "", target.replaceKeyPrefixWith);
  const location = `${target.protocol ?? scheme}://${target.hostName ?? host}/${encodeKey(path)}`;
  return redirectTo(target.code ?? 301, location);
}

function replacePrefix(key: string, matched: string, replacement: string | undefined): string {
  return replacement === undefined ? key : replacement + key.slice(matched.length);
}

function redirectTo(status: number, location: string): S3Result {
  return { status, headers: { location, "content-length": "0" }, body: null };
}
