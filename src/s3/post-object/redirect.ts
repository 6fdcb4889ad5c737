/** What is told to the page that a browser is sent to. */
interface Written {
  readonly bucket: string;
  readonly key: string;
  /** With its quotes. */
  readonly etag: string;
}

/**
 * Where a browser goes after its upload: the URL of the form with bucket, key and ETag in its query. Undefined
 * for what is no URL of the web, which S3 treats as if the field were not there.
 */
export function redirectTarget(url: string | undefined, { bucket, key, etag }: Written): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const target = new URL(url);
  if (target.protocol !== "http:" && target.protocol !== "https:") return undefined;
  const written = `bucket=${encodeURIComponent(bucket)}&key=${encodeURIComponent(key)}&etag=${encodeURIComponent(etag)}`;
  target.search = target.search === "" ? written : `${target.search}&${written}`;
  return target.href;
}
