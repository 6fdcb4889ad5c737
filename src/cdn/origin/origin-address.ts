import type { Origin } from "../../metadata/cdn/distribution-config.ts";

/** What an origin's domain name stands for. */
export type OriginAddress =
  | { readonly kind: "bucket"; readonly bucket: string }
  | { readonly kind: "website"; readonly bucket: string }
  | { readonly kind: "function"; readonly urlId: string }
  | { readonly kind: "network" };

const S3_HOST = /^(.+)\.s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$/;
/** With the region after a hyphen or a dot, as AWS has it in one half of its regions each. */
const WEBSITE_HOST = /^(.+)\.s3-website[.-][a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com$/;
const OWN_WEBSITE = /^(.+)\.s3-website(?:[.-][a-z0-9-]+)?$/;
const FUNCTION_HOST = /^([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.on\.aws$/;

/**
 * AWS's own names of buckets, their websites and function URLs mean those of this deployment, so that configurations
 * carry over; so do the names below its domain. Every other host is the network's.
 */
export function resolveOrigin({ DomainName }: Pick<Origin, "DomainName">, domain: string): OriginAddress {
  const host = DomainName.toLowerCase();
  const below = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : "";
  const bucket = S3_HOST.exec(host)?.[1] ?? cutSuffix(below, ".s3");
  if (bucket !== undefined) return { kind: "bucket", bucket };
  const website = WEBSITE_HOST.exec(host)?.[1] ?? OWN_WEBSITE.exec(below)?.[1];
  if (website !== undefined) return { kind: "website", bucket: website };
  const urlId = FUNCTION_HOST.exec(host)?.[1] ?? cutSuffix(below, ".lambda-url");
  return urlId === undefined ? { kind: "network" } : { kind: "function", urlId };
}

function cutSuffix(text: string, suffix: string): string | undefined {
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : undefined;
}
