import { describe, expect, it } from "vitest";
import { Query } from "../../../src/lib/query.ts";
import { hashAttributes } from "../../../src/metadata/queue/digests.ts";
import { readForm, renderAnswer } from "../../../src/sqs/query-protocol.ts";

describe("a form", () => {
  it.each([
    [
      "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b",
      { QueueName: "q", Attributes: { DelaySeconds: "5" }, tags: { a: "b" } },
    ],
    [
      "Action=ReceiveMessage&QueueUrl=u&MaxNumberOfMessages=3&AttributeName.1=All&MessageAttributeName.1=a&MessageAttributeName.2=b",
      { QueueUrl: "u", MaxNumberOfMessages: 3, AttributeNames: ["All"], MessageAttributeNames: ["a", "b"] },
    ],
    [
      "Action=SendMessageBatch&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=2&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=1&SendMessageBatchRequestEntry.1.DelaySeconds=4",
      {
        Entries: [
          { Id: "a", MessageBody: "1", DelaySeconds: 4 },
          { Id: "b", MessageBody: "2" },
        ],
      },
    ],
    [
      "Action=SendMessage&MessageBody=1&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
      { MessageBody: "1", MessageAttributes: { n: { DataType: "String", StringValue: "v" } } },
    ],
    ["Action=TagQueue&Tag.1.Key=__proto__&Tag.1.Value=b", { Tags: JSON.parse('{"__proto__":"b"}') as object }],
    ["Action=SendMessageBatch&QueueUrl=u&Entries=", { QueueUrl: "u" }],
  ])("%s", (form, members) => {
    expect(JSON.stringify(sortKeys(readForm(new Query(form))))).toBe(
      JSON.stringify(sortKeys({ Action: /Action=(\w+)/.exec(form)![1], ...members })),
    );
  });

  it("with very deep or very many names is read in no time", () => {
    const deep = `${"Tag.1.Value.".repeat(400_000)}x=1`;
    const many = "a.1.b.c=1&".repeat(400_000);
    expect(readForm(new Query(`${deep}&${many}QueueName=q`))).toEqual({ QueueName: "q" });
  });

  it("with a number that is none is refused", () => {
    expect(() => readForm(new Query("WaitTimeSeconds=soon"))).toThrow(/Must be an integer/);
  });
});

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sortKeys(entry)]),
  );
}

describe("an answer", () => {
  it("has its lists and maps flat, as AWS writes them", () => {
    const message = {
      MessageId: "m",
      Body: "<b>",
      Attributes: { SenderId: "1" },
      MessageAttributes: { n: { DataType: "String", StringValue: "v" } },
    };
    const xml = renderAnswer("ReceiveMessage", { Messages: [message] }, "id");
    expect(xml).toContain(
      "<ReceiveMessageResult><Message><MessageId>m</MessageId><Body>&lt;b&gt;</Body><Attribute><Name>SenderId</Name><Value>1</Value></Attribute>" +
        "<MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value></MessageAttribute></Message></ReceiveMessageResult>",
    );
    const batch = renderAnswer("SendMessageBatch", { Successful: [{ Id: "a" }], Failed: [{ Id: "b" }] }, "id");
    expect(batch).toContain(
      "<SendMessageBatchResultEntry><Id>a</Id></SendMessageBatchResultEntry><BatchResultErrorEntry><Id>b</Id>",
    );
    expect(renderAnswer("DeleteQueue", {}, "id")).not.toContain("DeleteQueueResult");
  });
});

describe("hashAttributes", () => {
  it("goes by name, whatever the order", () => {
    const a = { DataType: "String", StringValue: "1" };
    const b = { DataType: "Binary", BinaryValue: "AAE=" };
    expect(hashAttributes({ a, b })).toBe(hashAttributes({ b, a }));
  });
});
