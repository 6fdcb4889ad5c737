/** The ISO 8601 basic form that SigV4 signs: `20130524T000000Z`. */
const ISO_BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** The requests of one second carry one date: the last is remembered. */
let remembered: { readonly value: string; readonly time: number | undefined } = { value: "", time: undefined };

/** Milliseconds of an `x-amz-date` value, or undefined when it is not a real date in that form. */
export function parseAmzDate(value: string): number | undefined {
  if (value !== remembered.value) remembered = { value, time: readAmzDate(value) };
  return remembered.time;
}

function readAmzDate(value: string): number | undefined {
  const match = ISO_BASIC.exec(value);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Date.parse takes 30 February for 2 March in some engines: a date must survive the round trip.
  return Number.isNaN(time) || formatAmzDate(time) !== value ? undefined : time;
}

/** Milliseconds of a `Date` header, which may be an HTTP date (RFC 9110, 5.6.7) or ISO 8601 basic. */
export function parseDateHeader(value: string): number | undefined {
  const basic = parseAmzDate(value);
  if (basic !== undefined) return basic;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** `20130524T000000Z`, as signed. */
export function formatAmzDate(time: number): string {
  return formatIsoDate(time).replace(/[-:]/g, "");
}

/** `2013-05-24T00:00:00Z`, as S3 writes times in errors. */
export function formatIsoDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
