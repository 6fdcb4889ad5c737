import { describe, expect, test } from "vitest";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";

describe.skipIf(program === "")("aws iam and aws sts", () => {
  const cli = useAwsCli(program);

  /** Runs the program as root, or with these keys; answers what it printed and how it ended. */
  const run = (args: string, keys?: { readonly AccessKeyId: string; readonly SecretAccessKey: string }) =>
    cli.run(args.split(" "), {
      allowFailure: true,
      ...(keys && { env: { AWS_ACCESS_KEY_ID: keys.AccessKeyId, AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey } }),
    });

  async function runJson<Answer>(args: string, keys?: Parameters<typeof run>[1]): Promise<Answer> {
    const { code, stdout, stderr } = await run(args, keys);
    expect([code, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout || "{}") as Answer;
  }

  test("a user may do what its policy says, and nothing else", async () => {
    const { Arn: root } = await runJson<{ Arn: string }>("sts get-caller-identity");
    expect(root).toMatch(/^arn:aws:iam::\d{12}:root$/);
    await runJson("iam create-user --user-name ada");
    const { AccessKey: keys } = await runJson<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
      "iam create-access-key --user-name ada",
    );
    await runJson("s3api create-bucket --bucket walk");
    const list = "s3api list-objects-v2 --bucket walk";
    expect((await run(list, keys)).stderr).toContain("(AccessDenied)");
    const statement = { Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::walk" };
    const document = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await runJson(`iam put-user-policy --user-name ada --policy-name list --policy-document ${document}`);
    await expect.poll(async () => (await run(list, keys)).code, { timeout: 20_000 }).toBe(0);
    expect((await run("s3api delete-bucket --bucket walk", keys)).stderr).toContain("(AccessDenied)");
    expect(await runJson("sts get-caller-identity", keys)).toMatchObject({ Arn: root.replace(/root$/, "user/ada") });
    const { Users } = await runJson<{ Users: { UserName: string }[] }>("iam list-users");
    expect(Users.map(({ UserName }) => UserName)).toEqual(["ada"]);
  });

  test("a role is assumed by whom it trusts", async () => {
    const { Account } = await runJson<{ Account: string }>("sts get-caller-identity");
    const trust = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${Account}:root` }, Action: "sts:AssumeRole" };
    const document = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    const { Role } = await runJson<{ Role: { Arn: string } }>(
      `iam create-role --role-name reader --assume-role-policy-document ${document}`,
    );
    const assumed = await runJson<{ Credentials: { SessionToken: string }; AssumedRoleUser: { Arn: string } }>(
      `sts assume-role --role-arn ${Role.Arn} --role-session-name test`,
    );
    expect(assumed.AssumedRoleUser.Arn).toBe(`arn:aws:sts::${Account}:assumed-role/reader/test`);
    expect(assumed.Credentials.SessionToken).not.toBe("");
  });
});
