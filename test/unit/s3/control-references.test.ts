import { expect, test } from "vitest";
import { parseXmlBody } from "../../../src/s3/xml-body.ts";

function parse(document: string) {
  return parseXmlBody(new TextEncoder().encode(document));
}

test.each([
  ["<Key>a&#x1;b</Key>", "a\u0001b"],
  ["<Key>&#1;&#x0000001F;&#31;</Key>", "\u0001\u001f\u001f"],
  ["<Key>nul&#0;</Key>", "nul\u0000"],
  ["<Key>\ue000&#x2;\ue001</Key>", "\ue000\u0002\ue001"],
  ["<Key>&#x41;&#13;&#10;&amp;#x1;</Key>", "A\r\n&#x1;"],
])("a control character may be written as a reference: %s", (document, key) => {
  expect(parse(document).text).toBe(key);
});

test("references inside nested elements come back too", () => {
  const [object] = parse("<Delete><Object><Key>&#x7;</Key></Object></Delete>").children;
  expect(object?.children[0]?.text).toBe("\u0007");
});

test.each(["<Key>\u0001</Key>", "<Key>&#xFFFF;</Key>", "<Key>&#xD800;</Key>", "<Key>&#x1;</Other>", "<&#x1;/>"])(
  "what is not XML is refused: %j",
  (document) => {
    expect(() => parse(document)).toThrow(expect.objectContaining({ code: "MalformedXML" }));
  },
);

test("a body of nothing but tags is refused before it is parsed", () => {
  expect(() => parse(`<a>${"<b/>".repeat(200_000)}</a>`)).toThrow(expect.objectContaining({ code: "MalformedXML" }));
});

test("an empty body is not XML", () => {
  expect(() => parse("")).toThrow(expect.objectContaining({ code: "MissingRequestBodyError" }));
});
