/** RFC 9110, sections 5.1 and 5.5. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
// eslint-disable-next-line no-control-regex -- a control character would end the header
const UNSAFE_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Whether a name in lower case and a value from elsewhere (a query, a form) can stand as a header. */
export function isHeader(name: string, value: string): boolean {
  return NAME.test(name) && !UNSAFE_VALUE.test(value);
}
