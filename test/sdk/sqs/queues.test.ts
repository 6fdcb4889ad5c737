import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  RemovePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startVerge, type Verge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";
import { createQueue, createSqsClient } from "./support.ts";

interface Created {
  readonly account: { readonly id: string };
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

let verge: Verge;
let sqs: SQSClient;
beforeAll(async () => {
  verge = await startVerge();
  sqs = createSqsClient(verge);
});
afterAll(() => verge.stop());

const readAttributes = async (QueueUrl: string) =>
  (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes!;

describe("queues", () => {
  it("have SQS's defaults, and what is set", async () => {
    const QueueUrl = await createQueue(sqs, { VisibilityTimeout: "5" });
    expect(await readAttributes(QueueUrl)).toMatchObject({
      VisibilityTimeout: "5",
      MessageRetentionPeriod: "345600",
      MaximumMessageSize: "1048576",
      DelaySeconds: "0",
      SqsManagedSseEnabled: "true",
      QueueArn: expect.stringMatching(/^arn:aws:sqs:us-east-1:\d{12}:queue-\d+$/),
      CreatedTimestamp: expect.stringMatching(/^\d{10}$/),
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: "7" } }));
    expect(await readAttributes(QueueUrl)).toMatchObject({ VisibilityTimeout: "5", DelaySeconds: "7" });
  });

  it("are created once: the same again answers it, another of the name is refused", async () => {
    const create = (Attributes: Record<string, string>) =>
      sqs.send(new CreateQueueCommand({ QueueName: "once", Attributes }));
    const { QueueUrl } = await create({ VisibilityTimeout: "5" });
    expect((await create({ VisibilityTimeout: "5" })).QueueUrl).toBe(QueueUrl);
    expect((await create({})).QueueUrl).toBe(QueueUrl);
    await expect(create({ VisibilityTimeout: "6" })).rejects.toMatchObject({ name: expect.stringContaining("Queue") });
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: "once" }))).QueueUrl).toBe(QueueUrl);
  });

  it("are listed by prefix, in pages, and are gone when deleted", async () => {
    for (const name of ["list-a", "list-b", "list-c"]) await sqs.send(new CreateQueueCommand({ QueueName: name }));
    const first = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "list-", MaxResults: 2 }));
    const { NextToken } = first;
    const rest = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "list-", MaxResults: 2, NextToken }));
    const urls = [...first.QueueUrls!, ...rest.QueueUrls!];
    expect(urls.map((url) => url.split("/").at(-1))).toEqual(["list-a", "list-b", "list-c"]);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: urls[0] }));
    const left = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "list-" }));
    expect(left.QueueUrls).toEqual(urls.slice(1));
    const gone = sqs.send(new SendMessageCommand({ QueueUrl: urls[0], MessageBody: "x" }));
    await expect(gone).rejects.toMatchObject({ name: "QueueDoesNotExist", $metadata: { httpStatusCode: 400 } });
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: "list-a" }))).rejects.toMatchObject({
      name: "QueueDoesNotExist",
    });
  });

  it("know whose dead letters they take", async () => {
    const dead = await createQueue(sqs);
    const { QueueArn } = await readAttributes(dead);
    const source = await createQueue(sqs);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: "3" });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: source, Attributes: { RedrivePolicy } }));
    const { queueUrls } = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
    expect(queueUrls).toEqual([source]);
    const missing = JSON.stringify({ deadLetterTargetArn: `${QueueArn}-missing`, maxReceiveCount: 3 });
    await expect(createQueue(sqs, { RedrivePolicy: missing })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  it("have tags", async () => {
    const QueueUrl = await createQueue(sqs);
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: "storage", cost: "1" } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["cost"] }));
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: "storage" });
  });

  it.each<[string, string, Record<string, string>]>([
    ["InvalidParameterValue", "a b", {}],
    ["InvalidParameterValue", "x".repeat(81), {}],
    ["InvalidParameterValue", "plain", { FifoQueue: "true" }],
    ["InvalidParameterValue", "odd.fifo", {}],
    ["InvalidAttributeName", "n", { Colour: "red" }],
    ["InvalidAttributeName", "n", { ContentBasedDeduplication: "true" }],
    ["InvalidAttributeValue", "n", { VisibilityTimeout: "43201" }],
    ["InvalidAttributeValue", "n", { RedrivePolicy: "{}" }],
    ["InvalidAttributeValue", "n", { Policy: '{"Statement":[null]}' }],
    ["InvalidAttributeValue", "n", { Policy: '{"Statement":{"Effect":"deny"}}' }],
  ])("are refused with %s: %s %o", async (name, QueueName, Attributes) => {
    await expect(sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).rejects.toMatchObject({ name });
  });
});

describe("another account", () => {
  let account: Created["account"];
  let client: SQSClient;
  beforeAll(async () => {
    const created = await callVerge<Created>(verge, "POST", "/accounts", { name: "stranger" });
    account = created.account;
    client = createSqsClient(verge, { credentials: created.key });
  });

  it("is not told which queues there are", async () => {
    const { QueueArn = "" } = await readAttributes(await createQueue(sqs));
    const [QueueOwnerAWSAccountId, QueueName] = QueueArn.split(":").slice(-2);
    const find = client.send(new GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId }));
    await expect(find).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it.each([
    { NotPrincipal: { AWS: "999999999999" }, Action: "sqs:*" },
    { Principal: "*", NotAction: "sqs:DeleteMessage" },
  ])("is kept out by what a policy denies: %o", async (denied) => {
    const QueueUrl = await createQueue(sqs);
    const Resource = (await readAttributes(QueueUrl))["QueueArn"]!;
    const allow = { Effect: "Allow", Principal: "*", Action: "SQS:SendMessage", Resource };
    const setPolicy = (...Statement: object[]) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: JSON.stringify({ Statement }) } }));
    const send = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
    await setPolicy(allow);
    await send();
    await setPolicy(allow, { Effect: "Deny", Resource, ...denied });
    await expect(send()).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("sends only where the queue's policy lets it", async () => {
    const QueueUrl = await createQueue(sqs);
    const send = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
    await expect(send()).rejects.toMatchObject({ name: "AccessDenied" });
    const permission = { QueueUrl, Label: "let", AWSAccountIds: [account.id], Actions: ["SendMessage"] };
    await sqs.send(new AddPermissionCommand(permission));
    expect((await send()).MessageId).toBeDefined();
    await expect(client.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toMatchObject({ name: "AccessDenied" });
    await sqs.send(new RemovePermissionCommand({ QueueUrl, Label: "let" }));
    await expect(send()).rejects.toMatchObject({ name: "AccessDenied" });
  });
});
