import {
  AddLayerVersionPermissionCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  GetLayerVersionPolicyCommand,
  type LambdaClient,
  ListLayersCommand,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
  type PublishLayerVersionCommandInput,
  PublishVersionCommand,
  RemoveLayerVersionPermissionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createFunction,
  createLambdaClient,
  describeFunction,
  invokeFunction,
  zipFiles,
} from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
let lambda: LambdaClient;
let stranger: LambdaClient;
let strangerId: string;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  const created = await callVerge<{
    account: { id: string };
    key: { accessKeyId: string; secretAccessKey: string };
  }>(verge, "POST", "/accounts", { name: "stranger" });
  strangerId = created.account.id;
  stranger = createLambdaClient(verge, { credentials: created.key });
});
afterAll(() => verge.stop());

/** Publishes a version and answers its ARN. */
async function publish(
  LayerName: string,
  files: Record<string, string | Uint8Array>,
  more: Partial<PublishLayerVersionCommandInput> = {},
): Promise<string> {
  const Content = { ZipFile: zipFiles(files) };
  const { LayerVersionArn } = await lambda.send(new PublishLayerVersionCommand({ LayerName, Content, ...more }));
  return LayerVersionArn ?? "";
}

const callsShared = "exports.handler = async () => require('shared').name;";
const shared = (name: string) => ({ "nodejs/node_modules/shared/index.js": `exports.name = ${JSON.stringify(name)};` });

const run = async (FunctionName: string) => (await invokeFunction(lambda, FunctionName)).result;

describe("a layer's version", () => {
  it("is shown as it was published, with its content to fetch", async () => {
    const zip = zipFiles(shared("shown"));
    const published = await lambda.send(
      new PublishLayerVersionCommand({
        LayerName: "shown",
        Description: "what is shared",
        Content: { ZipFile: zip },
        CompatibleRuntimes: ["nodejs24.x", "nodejs22.x"],
        CompatibleArchitectures: ["arm64"],
        LicenseInfo: "MIT",
      }),
    );
    expect(published).toMatchObject({
      LayerArn: expect.stringMatching(/^arn:aws:lambda:us-east-1:\d{12}:layer:shown$/),
      LayerVersionArn: `${published.LayerArn}:1`,
      Version: 1,
      Description: "what is shared",
      CompatibleRuntimes: ["nodejs24.x", "nodejs22.x"],
      CompatibleArchitectures: ["arm64"],
      LicenseInfo: "MIT",
      CreatedDate: expect.stringMatching(/^\d{4}-.*\.\d{3}\+0000$/),
      Content: { CodeSize: zip.byteLength, CodeSha256: expect.stringMatching(/^[\w+/]{43}=$/) },
      $metadata: { httpStatusCode: 201 },
    });
    const [byNumber, byArn] = await Promise.all([
      lambda.send(new GetLayerVersionCommand({ LayerName: "shown", VersionNumber: 1 })),
      lambda.send(new GetLayerVersionByArnCommand({ Arn: published.LayerVersionArn })),
    ]);
    const plain = ({ $metadata: _metadata, Content, ...rest }: typeof byNumber) => ({
      ...rest,
      sha: Content?.CodeSha256,
    });
    expect(plain(byNumber)).toEqual(plain(published));
    expect(plain(byArn)).toEqual(plain(published));
    const content = await (await fetch(byArn.Content?.Location ?? "")).arrayBuffer();
    expect(new Uint8Array(content)).toEqual(zip);
  });

  it("is found by name, runtime and architecture, the latest first", async () => {
    await publish("listed", shared("1"), { CompatibleRuntimes: ["nodejs22.x"] });
    await publish("listed", shared("2"), { CompatibleRuntimes: ["nodejs24.x"], CompatibleArchitectures: ["arm64"] });
    await publish("listed", shared("3"), { CompatibleRuntimes: ["python3.14"] });
    const numbers = async (filter: object) => {
      const { LayerVersions } = await lambda.send(new ListLayerVersionsCommand({ LayerName: "listed", ...filter }));
      return LayerVersions?.map(({ Version }) => Version);
    };
    expect(await numbers({})).toEqual([3, 2, 1]);
    expect(await numbers({ CompatibleRuntime: "nodejs22.x" })).toEqual([1]);
    expect(await numbers({ CompatibleArchitecture: "arm64" })).toEqual([2]);
    const first = await lambda.send(new ListLayerVersionsCommand({ LayerName: "listed", MaxItems: 2 }));
    expect(first.LayerVersions?.map(({ Version }) => Version)).toEqual([3, 2]);
    expect(await numbers({ Marker: first.NextMarker })).toEqual([1]);

    const { Layers } = await lambda.send(new ListLayersCommand({ CompatibleRuntime: "nodejs24.x" }));
    expect(Layers).toContainEqual(
      expect.objectContaining({
        LayerName: "listed",
        LatestMatchingVersion: expect.objectContaining({ Version: 2 }) as unknown,
      }),
    );
    expect((await lambda.send(new ListLayerVersionsCommand({ LayerName: "none" }))).LayerVersions).toEqual([]);
  });

  it("never gets the number of one that was deleted", async () => {
    await publish("counted", shared("1"));
    await lambda.send(new DeleteLayerVersionCommand({ LayerName: "counted", VersionNumber: 1 }));
    await lambda.send(new DeleteLayerVersionCommand({ LayerName: "counted", VersionNumber: 1 }));
    expect(await publish("counted", shared("2"))).toMatch(/:counted:2$/);
    await expect(
      lambda.send(new GetLayerVersionCommand({ LayerName: "counted", VersionNumber: 1 })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException", $metadata: { httpStatusCode: 404 } });
  });

  it("can come from a bucket", async () => {
    const s3 = createS3Client(verge);
    await s3.send(new CreateBucketCommand({ Bucket: "layers" }));
    await s3.send(new PutObjectCommand({ Bucket: "layers", Key: "a.zip", Body: zipFiles(shared("stored")) }));
    const arn = await publish("stored", {}, { Content: { S3Bucket: "layers", S3Key: "a.zip" } });
    expect(await run(await createFunction(lambda, callsShared, { Layers: [arn] }))).toBe("stored");
  });

  it.each([
    ["no zip", { Content: { ZipFile: new TextEncoder().encode("no zip") } }, "InvalidParameterValueException"],
    ["a runtime that never was", { CompatibleRuntimes: ["nodejs3.x"] }, "ValidationException"],
    ["a name with a space", { LayerName: "a b" }, "ValidationException"],
  ])("with %s is refused", async (_what, input, name) => {
    const Content = { ZipFile: zipFiles(shared("")) };
    const wrong = { LayerName: "wrong", Content, ...input } as PublishLayerVersionCommandInput;
    await expect(lambda.send(new PublishLayerVersionCommand(wrong))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe("a function with layers", () => {
  it("finds their packages and their files, for require and import", async () => {
    const arn = await publish("files", {
      ...shared("by require"),
      "nodejs/node24/node_modules/modern/package.json": `{"name":"modern","type":"module","exports":"./m.js"}`,
      "nodejs/node24/node_modules/modern/m.js": "export const modern = 'for node 24';",
      "nodejs/node22/node_modules/older/index.js": "exports.older = 1;",
      "data/table.txt": "from /opt",
    });
    const source = `import { readFileSync } from "node:fs";
      import { modern } from "modern";
      import shared from "shared";
      export const handler = async () => [
        shared.name, modern, readFileSync("/opt/data/table.txt", "utf8"), await import("older").catch((e) => e.code),
      ];`;
    const zip = zipFiles({ "index.mjs": source });
    const name = await createFunction(lambda, "", { Layers: [arn], Code: { ZipFile: zip } });
    expect(await run(name)).toEqual(["by require", "for node 24", "from /opt", "ERR_MODULE_NOT_FOUND"]);
    const { Layers } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    expect(Layers).toEqual([{ Arn: arn, CodeSize: expect.any(Number) as unknown }]);
  });

  it("takes a file from the later one, and its own before either", async () => {
    const [early, late] = [await publish("early", shared("early")), await publish("late", shared("late"))];
    expect(await run(await createFunction(lambda, callsShared, { Layers: [early, late] }))).toBe("late");
    expect(await run(await createFunction(lambda, callsShared, { Layers: [late, early] }))).toBe("early");
    const own = zipFiles({ "index.js": callsShared, "node_modules/shared/index.js": "exports.name = 'own';" });
    expect(await run(await createFunction(lambda, "", { Layers: [early], Code: { ZipFile: own } }))).toBe("own");
  });

  it("changes them by configuration; published versions keep theirs, deleted or not", async () => {
    const [one, two] = [await publish("change", shared("one")), await publish("change", shared("two"))];
    const FunctionName = await createFunction(lambda, callsShared, { Layers: [one] });
    await lambda.send(new PublishVersionCommand({ FunctionName }));
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Layers: [two] }));
    expect(await run(FunctionName)).toBe("two");
    await lambda.send(new DeleteLayerVersionCommand({ LayerName: "change", VersionNumber: 1 }));
    expect(await run(`${FunctionName}:1`)).toBe("one");

    const zip = zipFiles({ "index.js": callsShared.replace("name;", "name + '!';") });
    const updated = await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zip }));
    expect(updated.Layers?.map(({ Arn }) => Arn)).toEqual([two]);
    expect(await run(FunctionName)).toBe("two!");

    const without = await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Layers: [] }));
    expect(without.Layers).toBeUndefined();
    expect(await run(FunctionName)).toMatchObject({
      errorMessage: expect.stringMatching(/^Cannot find module 'shared'/) as unknown,
    });
    await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  });

  it.each(["/opt/nodejs/node_modules/wrapper/index.handler", "wrapper.handler"])(
    "may have its handler in one: %s",
    async (Handler) => {
      const arn = await publish("wrapper", {
        "nodejs/node_modules/wrapper/index.js": `exports.handler = async (event) => {
          const own = require(process.env.LAMBDA_TASK_ROOT + "/index");
          return ["wrapped", await own.handler(event)];
        };`,
      });
      const name = await createFunction(lambda, "exports.handler = async () => 'own';", { Layers: [arn], Handler });
      expect(await run(name)).toEqual(["wrapped", "own"]);
    },
  );

  it("may bring the AWS SDK in one", async () => {
    const arn = await publish("sdk", {
      "nodejs/node_modules/@aws-sdk/client-s3/package.json": `{"name":"@aws-sdk/client-s3"}`,
      "nodejs/node_modules/@aws-sdk/client-s3/index.js": "exports.mine = 'layer';",
    });
    expect(
      await run(
        await createFunction(lambda, "exports.handler = async () => require('@aws-sdk/client-s3').mine;", {
          Layers: [arn],
        }),
      ),
    ).toBe("layer");
  });

  it.each([
    ["that is not there", (arn: string) => [arn.replace(/\d+$/, "99")], /^Layer version .*:99 does not exist\.$/],
    ["in two versions", (arn: string) => [arn, arn.replace(/\d+$/, "2")], /^Two different versions of the same layer/],
    [
      "too many",
      (arn: string) => [1, 2, 3, 4, 5, 6].map((number) => arn.replace("refused", `refused${number}`)),
      /^Cannot reference more than 5 layers/,
    ],
  ])("refuses one %s", async (_what, choose, message) => {
    const arn = await publish("refused", shared(""));
    const input = { ...describeFunction("never"), Layers: choose(arn) };
    await expect(lambda.send(new CreateFunctionCommand(input))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringMatching(message),
    });
  });

  it("must not be larger than 262,144,000 bytes unzipped with them", async () => {
    const large = zipFiles({ "nodejs/node_modules/large/README.md": new Uint8Array(140_000_000) });
    const arns = [
      await publish("large-a", {}, { Content: { ZipFile: large } }),
      await publish("large-b", {}, { Content: { ZipFile: large } }),
    ];
    const input = { ...describeFunction("never"), Layers: arns };
    await expect(lambda.send(new CreateFunctionCommand(input))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringMatching(
        /^Function code combined with layers exceeds the maximum allowed size of 262144000 bytes\. The actual size is 2800000\d\d bytes\.$/,
      ),
    });
  });
});

describe("another account", () => {
  it("uses a layer by its policy, and keeps it when it is deleted", async () => {
    const arn = await publish("lent", shared("lent"));
    const version = { LayerName: "lent", VersionNumber: 1 };
    const use = (FunctionName: string) =>
      stranger.send(new CreateFunctionCommand({ ...describeFunction(FunctionName, callsShared), Layers: [arn] }));
    await expect(use("borrower")).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining(`lambda:GetLayerVersion on resource: ${arn}`),
    });
    const permission = { ...version, StatementId: "s", Action: "lambda:GetLayerVersion", Principal: strangerId };
    const { RevisionId } = await lambda.send(new AddLayerVersionPermissionCommand(permission));
    await expect(lambda.send(new AddLayerVersionPermissionCommand(permission))).rejects.toMatchObject({
      name: "ResourceConflictException",
    });
    const { Policy } = await lambda.send(new GetLayerVersionPolicyCommand(version));
    expect(JSON.parse(Policy ?? "")).toMatchObject({
      Statement: [{ Sid: "s", Principal: { AWS: `arn:aws:iam::${strangerId}:root` }, Resource: arn }],
    });
    expect((await stranger.send(new GetLayerVersionByArnCommand({ Arn: arn }))).Version).toBe(1);
    expect((await use("borrower")).Layers).toMatchObject([{ Arn: arn }]);

    const statement = { ...version, StatementId: "s" };
    await expect(
      lambda.send(new RemoveLayerVersionPermissionCommand({ ...statement, RevisionId: "another" })),
    ).rejects.toMatchObject({ name: "PreconditionFailedException" });
    await use("second");
    await lambda.send(new RemoveLayerVersionPermissionCommand({ ...statement, RevisionId }));
    await lambda.send(new DeleteLayerVersionCommand(version));
    expect((await invokeFunction(stranger, "borrower")).result).toBe("lent");
    expect((await invokeFunction(stranger, "second")).result).toBe("lent");
    await expect(use("third")).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("does not administer it", async () => {
    const arn = await publish("kept", shared("kept"));
    const LayerName = arn.slice(0, arn.lastIndexOf(":"));
    await expect(stranger.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    expect((await lambda.send(new ListLayerVersionsCommand({ LayerName }))).LayerVersions).toHaveLength(1);
  });
});
