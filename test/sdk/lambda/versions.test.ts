import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction, zipFiles } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const answering = (text: string) => `exports.handler = async () => ${JSON.stringify(text)};`;
const zipAnswering = (text: string) => zipFiles({ "index.js": answering(text) });

/** A function whose version 1 answers `one` and version 2 `two`; so does `$LATEST`. */
async function createTwoVersions(): Promise<string> {
  const FunctionName = await createFunction(lambda, answering("one"), { Publish: true });
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zipAnswering("two"), Publish: true }));
  return FunctionName;
}

describe("versions", () => {
  it("stay as they were published, under numbers that count up", async () => {
    const name = await createTwoVersions();
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: zipAnswering("three") }));
    expect((await invokeFunction(lambda, name, {}, { Qualifier: "1" })).result).toBe("one");
    expect((await invokeFunction(lambda, `${name}:2`, {})).result).toBe("two");
    const latest = await invokeFunction(lambda, name, {});
    expect([latest.result, latest.ExecutedVersion]).toEqual(["three", "$LATEST"]);
    const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: name }));
    expect(Versions!.map(({ Version }) => Version)).toEqual(["$LATEST", "1", "2"]);
    expect(Versions!.map(({ FunctionArn }) => FunctionArn!.split(":").at(-1))).toEqual(["$LATEST", "1", "2"]);
  });

  it("are not published twice without a change", async () => {
    const FunctionName = await createFunction(lambda);
    const first = await lambda.send(new PublishVersionCommand({ FunctionName }));
    const again = await lambda.send(new PublishVersionCommand({ FunctionName }));
    expect([first.Version, again.Version]).toEqual(["1", "1"]);
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 5 }));
    const changed = await lambda.send(new PublishVersionCommand({ FunctionName, Description: "slower" }));
    expect(changed).toMatchObject({ Version: "2", Timeout: 5, Description: "slower" });
    expect(changed.FunctionArn).toMatch(/:2$/);
    const one = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: "1" }));
    expect(one.Timeout).toBe(3);
  });

  it("are published only from the code and the revision that the caller means", async () => {
    const FunctionName = await createFunction(lambda);
    await expect(lambda.send(new PublishVersionCommand({ FunctionName, CodeSha256: "other" }))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
    });
    await expect(lambda.send(new PublishVersionCommand({ FunctionName, RevisionId: "other" }))).rejects.toMatchObject({
      name: "PreconditionFailedException",
      $metadata: { httpStatusCode: 412 },
    });
  });

  it("are deleted one by one, unless an alias points to them, and never reuse a number", async () => {
    const FunctionName = await createTwoVersions();
    await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "2" }));
    await expect(lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "2" }))).rejects.toMatchObject({
      name: "ResourceConflictException",
    });
    await lambda.send(new DeleteAliasCommand({ FunctionName, Name: "live" }));
    await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "2" }));
    await expect(invokeFunction(lambda, FunctionName, {}, { Qualifier: "2" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect((await invokeFunction(lambda, FunctionName)).result).toBe("two");
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zipAnswering("x") }));
    expect((await lambda.send(new PublishVersionCommand({ FunctionName }))).Version).toBe("3");
    await expect(lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "$LATEST" }))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
    });
  });

  it("are listed in pages", async () => {
    const FunctionName = await createTwoVersions();
    const first = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName, MaxItems: 2 }));
    expect(first.Versions!.map(({ Version }) => Version)).toEqual(["$LATEST", "1"]);
    const rest = await lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName, MaxItems: 2, Marker: first.NextMarker }),
    );
    expect(rest.Versions!.map(({ Version }) => Version)).toEqual(["2"]);
    expect(rest.NextMarker).toBeUndefined();
  });
});

describe("aliases", () => {
  it("name a version, which can be changed", async () => {
    const FunctionName = await createTwoVersions();
    const created = await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    expect(created).toMatchObject({
      AliasArn: expect.stringMatching(new RegExp(`:function:${FunctionName}:live$`)),
      Name: "live",
      FunctionVersion: "1",
      Description: "",
    });
    const before = await invokeFunction(lambda, FunctionName, {}, { Qualifier: "live" });
    expect([before.result, before.ExecutedVersion]).toEqual(["one", "1"]);
    const updated = await lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "2" }));
    expect(updated.RevisionId).not.toBe(created.RevisionId);
    expect((await invokeFunction(lambda, created.AliasArn!)).result).toBe("two");
    const { $metadata: _, ...found } = await lambda.send(new GetAliasCommand({ FunctionName, Name: "live" }));
    const { $metadata: __, ...answered } = updated;
    expect(found).toEqual(answered);
    await expect(
      lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", RevisionId: created.RevisionId })),
    ).rejects.toMatchObject({ name: "PreconditionFailedException" });
  });

  it("draw one of two versions by weight", async () => {
    const FunctionName = await createTwoVersions();
    await lambda.send(
      new CreateAliasCommand({
        FunctionName,
        Name: "canary",
        FunctionVersion: "1",
        RoutingConfig: { AdditionalVersionWeights: { "2": 0.3 } },
      }),
    );
    const rounds = 200;
    const calls = Array.from({ length: rounds }, () => invokeFunction(lambda, `${FunctionName}:canary`));
    const seen = await Promise.all(calls);
    for (const { result, ExecutedVersion } of seen) expect(result).toBe(ExecutedVersion === "1" ? "one" : "two");
    const second = seen.filter(({ ExecutedVersion }) => ExecutedVersion === "2").length;
    // Five standard deviations of a binomial with p = 0.3 on either side.
    expect(Math.abs(second - 0.3 * rounds)).toBeLessThan(5 * Math.sqrt(rounds * 0.3 * 0.7));
    const ended = await lambda.send(
      new UpdateAliasCommand({ FunctionName, Name: "canary", RoutingConfig: { AdditionalVersionWeights: {} } }),
    );
    expect(ended.RoutingConfig).toBeUndefined();
  });

  it("refuse what does not fit together", async () => {
    const FunctionName = await createTwoVersions();
    const create = (input: object) =>
      lambda.send(new CreateAliasCommand({ FunctionName, Name: "a", FunctionVersion: "1", ...input }));
    await expect(create({ FunctionVersion: "9" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(create({ Name: "123" })).rejects.toMatchObject({ name: "ValidationException" });
    for (const AdditionalVersionWeights of [{ "2": 1.5 }, { "1": 0.5 }, { live: 0.5 }, { "1": 0.1, "2": 0.1 }]) {
      await expect(create({ RoutingConfig: { AdditionalVersionWeights } })).rejects.toMatchObject({
        name: "InvalidParameterValueException",
      });
    }
    await create({});
    await expect(create({})).rejects.toMatchObject({ name: "ResourceConflictException" });
    const { Aliases } = await lambda.send(new ListAliasesCommand({ FunctionName, FunctionVersion: "2" }));
    expect(Aliases).toEqual([]);
    await expect(lambda.send(new GetAliasCommand({ FunctionName, Name: "b" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: expect.stringContaining("Cannot find alias arn"),
    });
  });
});
