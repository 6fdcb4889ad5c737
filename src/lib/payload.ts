/**
 * The body of an authenticated request, with `aws-chunked` framing already removed.
 * Reading `stream` to its end verifies it: a wrong hash, a bad chunk signature or a
 * missing byte makes the stream fail with a `ServiceError`.
 */
export interface Payload {
  /** The decoded bytes, or null where the request has no body. Read at most once. */
  readonly stream: ReadableStream<Uint8Array> | null;
  /** Decoded length in bytes (`x-amz-decoded-content-length` or Content-Length); undefined when unknown. */
  readonly length: number | undefined;
  /** The stream is the request's own body with a Content-Length: the platform knows its length by itself. */
  readonly sized?: boolean;
  /** Names of the trailers announced by `x-amz-trailer`, in lower case. */
  readonly trailerNames: readonly string[];
  /** Trailers by lower-case name. Complete only after `stream` has ended. */
  readonly trailers: ReadonlyMap<string, string>;
}
