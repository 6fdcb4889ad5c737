import fc from "fast-check";
import type { Fields, Scene } from "./model.ts";

/** Times lie around this one. */
const NOW = Date.UTC(2026, 5, 15, 12);

const secondsText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("0", "1", "5", "60", "3600", "99999999999") },
  { weight: 1, arbitrary: fc.constantFrom("-1", "1.5", "x", "") },
);

function directive(name: string): fc.Arbitrary<string> {
  return secondsText.map((text) => `${name}=${text}`);
}

const responseDirective = fc.oneof(
  { weight: 6, arbitrary: directive("max-age") },
  { weight: 3, arbitrary: directive("s-maxage") },
  { weight: 2, arbitrary: directive("stale-while-revalidate") },
  { weight: 1, arbitrary: directive("stale-if-error") },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "no-store",
      "no-cache",
      "private",
      "public",
      "must-revalidate",
      "proxy-revalidate",
      "must-understand",
      "immutable",
      "No-Store",
      "MAX-AGE=60",
      'private="x-a"',
      'no-cache="x-a"',
      'ext="max-age"',
    ),
  },
);

const requestDirective = fc.oneof(
  directive("max-age"),
  directive("min-fresh"),
  directive("max-stale"),
  fc.constantFrom("no-cache", "no-store", "max-stale", "only-x"),
);

const dateText = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .integer({ min: -200_000, max: 200_000 })
      .map((seconds) => new Date(NOW + seconds * 1000).toUTCString()),
  },
  { weight: 1, arbitrary: fc.constantFrom("0", "tomorrow", "") },
);

const etag = fc.constantFrom('"a"', '"b"', 'W/"a"');
const value = fc.constantFrom("1", "2", "1, 2", "1,2");

/** Each field is there or not. */
function fields(model: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<Fields> {
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Fields>;
}

function joined(element: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(element, { minLength: 1, maxLength: 3 }).map((elements) => elements.join(", "));
}

const requestFields = fields({
  "cache-control": joined(requestDirective),
  authorization: fc.constant("Bearer x"),
  "x-a": value,
  "x-b": value,
});

const responseFields = fields({
  "cache-control": joined(responseDirective),
  expires: fc.oneof(dateText, fc.constantFrom("0", "tomorrow")),
  date: dateText,
  age: fc.constantFrom("0", "10", "59", "100000", "x", "5, 900"),
  "last-modified": dateText,
  etag,
  vary: fc.constantFrom("x-a", "X-B", "x-a, x-b", "*", "x-a, *", ""),
  "content-type": fc.constant("text/plain"),
});

const laterFields = fields({
  "cache-control": joined(requestDirective),
  "if-none-match": joined(etag),
  "if-modified-since": dateText,
  "x-a": value,
  "x-b": value,
});

const targeted = fc.constantFrom("max-age=60", "max-age=0", "no-store", "max-age=60, no-cache", "private, max-age=60");

/** Random scenes; the usual is more frequent than the odd, or nothing would ever be reused. */
export const scenes: fc.Arbitrary<Scene> = fc
  .record({
    method: fc.constantFrom("GET", "GET", "GET", "GET", "HEAD", "POST", "PUT"),
    request: requestFields,
    status: fc.constantFrom(200, 200, 200, 200, 201, 203, 204, 206, 301, 302, 304, 404, 410, 500, 503, 599),
    response: responseFields,
    targeted: fc.option(targeted, { freq: 8, nil: undefined }),
    laterMethod: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "DELETE"),
    later: laterFields,
    similar: fc.boolean(),
    delay: fc.integer({ min: 0, max: 20_000 }),
    pause: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 5_000_000 })),
    heuristic: fc.boolean(),
    heedsRequests: fc.boolean(),
    authorized: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ targeted: cdn, similar, delay, pause, authorized, request, later, response, ...rest }) => {
    const { authorization, ...plain } = request;
    const { "x-a": a, "x-b": b } = request;
    const same: Fields = { ...later, ...(a !== undefined && { "x-a": a }), ...(b !== undefined && { "x-b": b }) };
    return {
      ...rest,
      request: authorized === 0 && authorization !== undefined ? request : plain,
      response: cdn === undefined ? response : { ...response, "cdn-cache-control": cdn },
      later: similar ? same : later,
      requestedAt: NOW,
      receivedAt: NOW + delay,
      laterAt: NOW + delay + pause,
    };
  });
