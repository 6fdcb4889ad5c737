import { responseDirectives } from "../engine/directives.ts";

/** What a name promises, by its extension: the beginnings of the types that keep the promise. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  css: ["text/css"],
  js: ["text/javascript", "application/javascript", "application/x-javascript"],
  mjs: ["text/javascript", "application/javascript"],
  json: ["application/json", "text/json", "application/manifest+json"],
  png: ["image/"],
  jpg: ["image/"],
  jpeg: ["image/"],
  gif: ["image/"],
  webp: ["image/"],
  avif: ["image/"],
  ico: ["image/"],
  svg: ["image/"],
  woff: ["font/", "application/font", "application/x-font"],
  woff2: ["font/", "application/font", "application/x-font"],
  ttf: ["font/", "application/font", "application/x-font"],
  otf: ["font/", "application/font", "application/x-font", "application/vnd.ms-opentype"],
  eot: ["font/", "application/vnd.ms-fontobject"],
  mp4: ["video/", "audio/"],
  webm: ["video/", "audio/"],
  mp3: ["audio/"],
  pdf: ["application/pdf"],
  zip: ["application/zip", "application/x-zip"],
};

/**
 * Whether a page pretends to be a file: `/account/x.css` makes careless origins answer the account's page, which
 * must not be stored for the next who asks ("web cache deception"). An answer that says that it is for everybody
 * is believed.
 */
export function isDeceptive(path: string, headers: Headers): boolean {
  const extension = /\.([a-z0-9]{2,5})$/i.exec(path)?.[1]?.toLowerCase();
  const expected = extension === undefined ? undefined : TYPES[extension];
  const type = headers.get("content-type")?.toLowerCase();
  if (!expected || !type || type.startsWith("application/octet-stream") || type.startsWith("binary/")) return false;
  if (expected.some((start) => type.startsWith(start))) return false;
  const { directives, targeted } = responseDirectives(headers);
  return !targeted && !directives.has("public") && !directives.has("s-maxage");
}
