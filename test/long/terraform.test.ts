import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, createWorkspace, requireProgram, type Workspace } from "../clients/program.ts";
import { ask } from "../support/cdn-fixture.ts";
import { zipFiles } from "../support/lambda.ts";
import { startVerge, type Verge } from "../support/server.ts";

/**
 * Terraform itself, with its provider for AWS from the folder `TERRAFORM_PLUGINS` (as `terraform providers mirror` fills
 * one): nothing is downloaded. It waits for half a minute itself wherever a distribution changes.
 */
const plugins = process.env["TERRAFORM_PLUGINS"];
const terraform = requireProgram("terraform");
if (!plugins) console.warn("TERRAFORM_PLUGINS is not set: Terraform has no provider");

describe.skipIf(!terraform || !plugins)("Terraform", () => {
  let verge: Verge;
  beforeAll(async () => {
    verge = await startVerge();
  });
  afterAll(() => verge.stop());

  const open = async (configuration: string): Promise<Workspace> => {
    const workspace = createWorkspace({ ...awsEnvironment(verge), TF_IN_AUTOMATION: "1" });
    copyFileSync(join(import.meta.dirname, configuration), workspace.path("main.tf"));
    await workspace.run(terraform!, ["init", "-no-color", `-plugin-dir=${plugins}`]);
    return workspace;
  };
  const listVariables = (variables: Readonly<Record<string, string>>) =>
    Object.entries({ ...variables, endpoint: verge.endpoint }).map(([name, value]) => `-var=${name}=${value}`);

  /** Applies, and finds nothing to change afterwards. */
  const apply = async (workspace: Workspace, variables: Readonly<Record<string, string>>) => {
    const all = listVariables(variables);
    const { stdout } = await workspace.run(terraform!, ["apply", "-auto-approve", "-no-color", ...all]);
    const plan = ["plan", "-detailed-exitcode", "-no-color", ...all];
    expect(await workspace.run(terraform!, plan, { allowFailure: true })).toMatchObject({ code: 0 });
    return stdout;
  };

  const destroy = (workspace: Workspace, variables: Readonly<Record<string, string>>) =>
    workspace.run(terraform!, ["destroy", "-auto-approve", "-no-color", ...listVariables(variables)]);

  test("reads back each argument of CloudFront's resources as it was written, changes them, and takes them away", async () => {
    const workspace = await open("terraform/cloudfront.tf");
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = { public_key: publicKey.export({ type: "spki", format: "pem" }) as string };
    expect(await apply(workspace, { ...key, comment: "one" })).toContain(
      "Resources: 13 added, 0 changed, 0 destroyed.",
    );
    expect(await apply(workspace, { ...key, comment: "two" })).toContain("Resources: 0 added, 9 changed, 0 destroyed.");
    expect((await destroy(workspace, { ...key, comment: "two" })).stdout).toContain("Resources: 13 destroyed.");
    workspace.remove();
  });

  test("does the same with the resources of the other services", async () => {
    const workspace = await open("terraform/services.tf");
    const code = workspace.path("code.zip");
    writeFileSync(code, zipFiles({ "index.mjs": "export const handler = async (event) => event;" }));
    expect(await apply(workspace, { code, stage: "one" })).toContain("Resources: 53 added, 0 changed, 0 destroyed.");
    expect(await apply(workspace, { code, stage: "two" })).toContain("Resources: 1 added, 36 changed, 1 destroyed.");
    const outputs = JSON.parse((await workspace.run(terraform!, ["output", "-json"])).stdout);
    expect(outputs).toMatchObject({
      invoked: { value: { from: "terraform" } },
      keys: { value: ["a/b c+ü.txt"] },
      text: { value: "stage two" },
    });
    expect((await destroy(workspace, { code, stage: "two" })).stdout).toContain("Resources: 53 destroyed.");
    workspace.remove();
  });

  test("makes the gateway of the examples", async () => {
    const workspace = await open("../../examples/gateway/main.tf");
    const functions = ["a", "b"].map((name) => {
      const answer = `{ statusCode: 200, headers: { "cache-control": "max-age=60" }, body: "${name} got " + event.rawPath }`;
      const code = `export const handler = async (event) => (${answer});`;
      writeFileSync(workspace.path(`${name}.zip`), zipFiles({ "index.mjs": code }));
      return `${name}="${workspace.path(`${name}.zip`)}"`;
    });
    const variables = { functions: `{${functions.join()}}` };
    await apply(workspace, variables);
    const url = (await workspace.run(terraform!, ["output", "-raw", "url"])).stdout;
    for (const from of ["Miss", "Hit"]) {
      expect(await ask(`${url}/`)).toMatchObject({ status: 200, text: "<h1>The site</h1>", from });
      expect(await ask(`${url}/api/a/x`)).toMatchObject({ status: 200, text: "a got /api/a/x", from });
      expect(await ask(`${url}/api/b/y?z=1`)).toMatchObject({ status: 200, text: "b got /api/b/y", from });
    }
    expect((await ask(`${verge.endpoint}/gateway-site/index.html`)).status).toBe(403);
    await destroy(workspace, variables);
    workspace.remove();
  });
});
