import { describe, expect, it } from "vitest";
import { distributionConfigShape } from "../../../src/cdn/control/xml/distribution-shapes.ts";
import { cachePolicyShape } from "../../../src/cdn/control/xml/policy-shapes.ts";
import { element, parseXml, renderElement } from "../../../src/lib/xml.ts";
import { distributionConfig } from "../../support/cdn.ts";

const read = (xml: string) => distributionConfigShape.read(parseXml(xml), "distributionConfig");
const write = (config = distributionConfig()) =>
  renderElement(element("DistributionConfig", distributionConfigShape.write(config)));

describe("shapes", () => {
  it("read what they write", () => {
    const config = distributionConfig({
      Aliases: ["www.example.com"],
      Comment: ' <&> " kept ',
      CustomErrorResponses: [{ ErrorCode: 404, ResponsePagePath: "/404", ResponseCode: "200", ErrorCachingMinTTL: 0 }],
      CacheTagConfig: { HeaderName: "Cache-Tag" },
    });
    expect(read(write(config))).toEqual(config);
  });

  it("fill in what CloudFront does", () => {
    const policy = cachePolicyShape.read(
      parseXml("<CachePolicyConfig><Name>n</Name><MinTTL>0</MinTTL></CachePolicyConfig>"),
      "",
    );
    expect(policy).toMatchObject({ Comment: "", DefaultTTL: 86_400, MaxTTL: 31_536_000 });
  });

  it("raise the default times of a cache policy to its minimum", () => {
    const policy = cachePolicyShape.read(
      parseXml("<CachePolicyConfig><Name>n</Name><MinTTL>40000000</MinTTL></CachePolicyConfig>"),
      "",
    );
    expect(policy).toMatchObject({ DefaultTTL: 40_000_000, MaxTTL: 40_000_000 });
  });

  it.each([
    [
      "a member that is missing",
      ["<Enabled>true</Enabled>", ""],
      "Value null at 'distributionConfig.enabled' failed to satisfy constraint: Member must not be null",
    ],
    [
      "a member of a list's item that is missing",
      ["<DomainName>origin.example.com</DomainName>", ""],
      "Value null at 'distributionConfig.origins.items.1.member.domainName' failed to satisfy constraint: Member must not be null",
    ],
    [
      "a value that is none of several",
      ["<HttpVersion>http2<", "<HttpVersion>http9<"],
      "Value 'http9' at 'distributionConfig.httpVersion' failed to satisfy constraint: Member must satisfy enum value set: [http1.1, http2, http3, http2and3]",
    ],
    [
      "a word where a truth is meant",
      ["<Enabled>true<", "<Enabled>perhaps<"],
      "'perhaps' is not a boolean in the element Enabled.",
    ],
    [
      "a word where a number is meant",
      ["<HTTPPort>80<", "<HTTPPort>http<"],
      "'http' is not an integer in the element HTTPPort.",
    ],
    [
      "a member that nobody knows",
      ["<Comment/>", "<Comment/><Surprise>1</Surprise>"],
      "Surprise in DistributionConfig is not supported.",
    ],
  ])("refuse %s", (_, [from, to], message) => {
    const xml = write();
    expect(xml).toContain(from);
    expect(() => read(xml.replace(from!, to!))).toThrow(
      expect.objectContaining({ code: "MalformedXML", status: 400, message: expect.stringContaining(message) }),
    );
  });

  it("refuse a quantity that is not the number of items", () => {
    const xml = write().replace("<Origins><Quantity>1<", "<Origins><Quantity>2<");
    expect(() => read(xml)).toThrow(expect.objectContaining({ code: "InconsistentQuantities", status: 400 }));
  });

  it("pass over settings whose value says that they change nothing", () => {
    const withMode = (mode: string) =>
      write().replace("<Comment/>", `<Comment/><ConnectionMode>${mode}</ConnectionMode>`);
    expect(read(withMode("direct"))).toEqual(distributionConfig());
    expect(() => read(withMode("tenant-only"))).toThrow("ConnectionMode");
  });
});
