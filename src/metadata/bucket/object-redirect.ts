import type { ObjectAttributes } from "./protocol.ts";

/** Where a website sends whoever asks for the object. */
export const REDIRECT_HEADER = "x-amz-website-redirect-location";

/** The same attributes with another redirect, or with none. */
export function withRedirect(attributes: ObjectAttributes, redirect: string | undefined): ObjectAttributes {
  const { [REDIRECT_HEADER]: _former, ...others } = attributes.headers;
  return { ...attributes, headers: redirect === undefined ? others : { ...others, [REDIRECT_HEADER]: redirect } };
}
