import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../../src/lib/errors.ts";
import {
  child,
  children,
  element,
  optionalElement,
  parseXml,
  renderXml,
  text,
  withAttributes,
} from "../../../src/lib/xml.ts";

describe("parsing XML", () => {
  it("reads elements by local name, with and without namespace", () => {
    for (const prefix of ["", "s3:"]) {
      const xmlns = prefix ? 'xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/"' : "";
      const p = prefix;
      const root = parseXml(
        `<?xml version="1.0"?>\n<${p}Delete ${xmlns}><${p}Quiet>true</${p}Quiet>` +
          `<${p}Object><${p}Key> a &amp; b </${p}Key></${p}Object><${p}Object><${p}Key><![CDATA[<c>]]></${p}Key></${p}Object></${p}Delete>`,
      );
      expect(root.name).toBe("Delete");
      expect(text(root, "Quiet")).toBe("true");
      expect(children(root, "Object").map((object) => text(object, "Key"))).toEqual([" a & b ", "<c>"]);
      expect(child(root, "Missing")).toBeUndefined();
      expect(text(root, "Missing")).toBeUndefined();
    }
  });

  it("reads bytes, with a byte order mark too, and attributes", () => {
    const bytes = new TextEncoder().encode('\ufeff<Grantee type="é"><ID>ключ</ID></Grantee>');
    const root = parseXml(bytes);
    expect(root.attributes).toEqual({ type: "é" });
    expect(text(root, "ID")).toBe("ключ");
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["an open element", "<a><b></a>"],
    ["two roots", "<a/><b/>"],
    ["a document type", "<!DOCTYPE a><a/>"],
    ["an entity bomb", '<!DOCTYPE a [<!ENTITY x "xxxx"><!ENTITY y "&x;&x;">]><a>&y;</a>'],
    ["an external entity", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ["an undefined entity", "<a>&x;</a>"],
    ["a reference to NUL", "<a>&#0;</a>"],
    ["a control character", "<a>\u0001</a>"],
    ["nesting of 100", "<a>".repeat(100) + "</a>".repeat(100)],
    ["nesting of 100,000", "<a>".repeat(100_000) + "</a>".repeat(100_000)],
    ["nesting without end", "<a>".repeat(1_000_000)],
    ["9 MB", `<a>${"x".repeat(9 * 1024 * 1024)}</a>`],
    ["broken UTF-8", new Uint8Array([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])],
  ])("refuses %s", (_, source) => {
    const parse = () => parseXml(source);
    expect(parse).toThrow(ServiceError);
    expect(parse).toThrow(expect.objectContaining({ code: "MalformedXML", status: 400 }));
  });

  it("keeps names like __proto__ harmless", () => {
    const root = parseXml("<a><__proto__>x</__proto__><constructor/></a>");
    expect(text(root, "__proto__")).toBe("x");
    expect(text(root, "toString")).toBeUndefined();
  });
});

describe("rendering XML", () => {
  it("renders what S3 renders", () => {
    const document = element(
      "ListBucketResult",
      element("Name", "photos"),
      element("Prefix", ""),
      element("MaxKeys", 1000),
      element("IsTruncated", false),
      optionalElement("NextContinuationToken", undefined),
      [element("Contents", element("ETag", '"abc"'))],
      withAttributes(element("Grantee"), { "xsi:type": "Canonical<User>" }),
    );
    expect(renderXml(document, { namespace: "http://s3.amazonaws.com/doc/2006-03-01/" })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name><Prefix/><MaxKeys>1000</MaxKeys>' +
        "<IsTruncated>false</IsTruncated><Contents><ETag>&quot;abc&quot;</ETag></Contents>" +
        '<Grantee xsi:type="Canonical&lt;User&gt;"/></ListBucketResult>',
    );
  });

  it("escapes what XML cannot carry as references", () => {
    expect(renderXml(element("Key", "a\r\n\tb\u0001\u001f\u0000&<>'\u007f😀"))).toContain(
      "<Key>a&#13;\n\tb&#x1;&#x1f;&#x0;&amp;&lt;&gt;'\u007f😀</Key>",
    );
  });

  it("reads back every text that XML allows", () => {
    const characters = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(characters, (value) => {
        // eslint-disable-next-line no-control-regex -- the characters that XML 1.0 cannot carry
        fc.pre(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value));
        expect(parseXml(renderXml(element("Key", value))).text).toBe(value);
      }),
    );
  });
});
