import { expect, test } from "vitest";
import { readDeleteDocument } from "../../../src/s3/delete-document.ts";
import { parseXmlBody } from "../../../src/s3/xml-body.ts";

function read(document: string) {
  return readDeleteDocument(parseXmlBody(new TextEncoder().encode(document)));
}

test("reads keys, versions, conditions and Quiet, in any namespace", () => {
  const { quiet, entries } = read(
    `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <Object><Key> a &amp; b </Key></Object>
      <Object><Key>c</Key><VersionId>null</VersionId></Object>
      <Object><Key>d</Key><ETag>"e1"</ETag><LastModifiedTime>Wed, 21 Oct 2026 07:28:00 GMT</LastModifiedTime><Size>12</Size></Object>
      <Object><Key>e</Key><LastModifiedTime>2026-10-21T07:28:00.999Z</LastModifiedTime></Object>
      <Quiet>true</Quiet>
    </Delete>`,
  );
  const ifModifiedAt = Date.UTC(2026, 9, 21, 7, 28, 0);
  expect(quiet).toBe(true);
  expect(entries).toEqual([
    { key: " a & b " },
    { key: "c", versionId: "null" },
    { key: "d", conditions: { ifMatch: ["e1"], ifModifiedAt, ifSize: 12 } },
    { key: "e", conditions: { ifModifiedAt } },
  ]);
});

const object = "<Object><Key>a</Key></Object>";

test.each([
  ["no object", "<Delete/>"],
  ["only Quiet", "<Delete><Quiet>true</Quiet></Delete>"],
  ["more than 1,000 objects", `<Delete>${object.repeat(1001)}</Delete>`],
  ["another root", `<Remove>${object}</Remove>`],
  ["an unknown element", `<Delete>${object}<Other/></Delete>`],
  ["an object without key", "<Delete><Object><VersionId>null</VersionId></Object></Delete>"],
  ["an empty key", "<Delete><Object><Key/></Object></Delete>"],
  ["two keys in one object", "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>"],
  ["an unknown field", "<Delete><Object><Key>a</Key><Name>b</Name></Object></Delete>"],
  ["markup inside a key", "<Delete><Object><Key>a<b/></Key></Object></Delete>"],
  ["a size that is no number", "<Delete><Object><Key>a</Key><Size>big</Size></Object></Delete>"],
  ["a time that is no date", "<Delete><Object><Key>a</Key><LastModifiedTime>now</LastModifiedTime></Object></Delete>"],
  ["a Quiet that is neither", `<Delete>${object}<Quiet>maybe</Quiet></Delete>`],
])("%s is MalformedXML", (_, document) => {
  expect(() => read(document)).toThrow(expect.objectContaining({ code: "MalformedXML", status: 400 }));
});

test("1,000 objects are taken", () => {
  expect(read(`<Delete>${object.repeat(1000)}</Delete>`).entries).toHaveLength(1000);
});
