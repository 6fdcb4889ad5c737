import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { AttachUserPolicyCommand, CreateAccessKeyCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callApi } from "../../scripts/local/api-client.ts";
import { createKmsClient } from "../support/kms.ts";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { REGION_PLUGIN, renderConfiguration, type SuiteAccount } from "./s3-tests-configuration.ts";
import { describeOutcomes, isExplained, type Outcome, parseJunit } from "./s3-tests-report.ts";

/**
 * Ceph's s3-tests against the whole product. S3_TESTS is a checkout of the suite. S3_TESTS_ONLY, a file of
 * pytest's test ids, one a line, narrows it; S3_TESTS_PYTHON is the interpreter (python3), which needs what
 * the suite's requirements.txt names; boto3 1.37 or newer, by PYTHONPATH if need be.
 */
const suite = process.env["S3_TESTS"] ?? "";
const only = process.env["S3_TESTS_ONLY"] ?? "";
const python = process.env["S3_TESTS_PYTHON"] ?? "python3";
if (suite === "") console.warn("skipped: ceph/s3-tests, because S3_TESTS does not name a checkout of it");

const S3 = "s3tests/functional/test_s3.py::";
const FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"];
const IAM_FILES = ["s3tests/functional/test_iam.py", "s3tests/functional/test_sts.py"];
/** Sleeps for a quarter of an hour. */
const SLEEPER = "s3tests/functional/test_sts.py::test_assume_role_creds_expiry";
/** Counts the account's buckets, so nothing else may run beside it. */
const ALONE = `${S3}test_list_buckets_paginated`;
/** Needs a region that has a location constraint. */
const ELSEWHERE = `${S3}test_bucket_get_location`;
const ANOTHER_REGION = "eu-west-1";
/** Need several storage classes, which would multiply the tests of encrypted copies by nine. */
const CLASSED = [
  "test_lifecycle_noncur_transition",
  "test_lifecycle_plain_null_version_current_transition",
  "test_lifecycle_set_noncurrent_transition",
  "test_lifecycle_transition",
  "test_lifecycle_transition_single_rule_multi_trans",
].map((name) => `${S3}${name}`);
const STORAGE_CLASSES = ["INTELLIGENT_TIERING", "GLACIER_IR"];
const APART: ReadonlySet<string> = new Set([ALONE, ELSEWHERE, ...CLASSED]);

const LIFECYCLE_DAY = "2";
/** The suite gives new buckets ACLs, and lets everybody read what their policies and ACLs say. */
const SETTINGS = { VERGE_LIFECYCLE_DAY_SECONDS: LIFECYCLE_DAY, VERGE_BUCKET_DEFAULTS: "open" };

/** The suite compares all of these with what the server says of owners, grantees and initiators. */
const ACCOUNTS = {
  main: {
    canonicalId: "main-user",
    displayName: "Main Tester",
    email: "main@example.com",
    accessKeyId: "S3TESTSMAINKEY000000",
    secretAccessKey: "secret-of-the-main-user-in-s3-tests-0001",
  },
  alt: {
    canonicalId: "a17".padEnd(64, "0"),
    displayName: "Alternative Tester",
    email: "alt@example.com",
    accessKeyId: "S3TESTSALTKEY0000000",
    secretAccessKey: "secret-of-the-alt-user-in-s3-tests-00002",
  },
  tenant: {
    canonicalId: "tenant$user",
    displayName: "Tenant Tester",
    email: "tenant@example.com",
    accessKeyId: "S3TESTSTENANTKEY0000",
    secretAccessKey: "secret-of-the-tenant-in-s3-tests-0000003",
  },
  iam: {
    canonicalId: "iam-account",
    displayName: "IAM Tester",
    email: "iam@example.com",
    accessKeyId: "S3TESTSIAMKEY0000000",
    secretAccessKey: "secret-of-iam-account-in-s3-tests-000004",
  },
  iamRoot: {
    canonicalId: "iam-root",
    displayName: "Root One",
    email: "root1@example.com",
    accessKeyId: "S3TESTSROOTONEKEY000",
    secretAccessKey: "secret-of-the-root-one-in-s3-tests-00005",
  },
  iamAltRoot: {
    canonicalId: "iam-alt-root",
    displayName: "Root Two",
    email: "root2@example.com",
    accessKeyId: "S3TESTSROOTTWOKEY000",
    secretAccessKey: "secret-of-the-root-two-in-s3-tests-00006",
  },
} as const satisfies Record<string, SuiteAccount>;

/** A server with the suite's accounts. */
interface Target {
  readonly verge: Verge;
  /** By the key of the account. */
  readonly accountIds: Readonly<Record<string, string>>;
  readonly kmsKeys: readonly [string, string];
}

describe.skipIf(suite === "")("ceph/s3-tests", () => {
  let target: Target;
  let work: string;

  beforeAll(async () => {
    target = await startTarget();
    work = mkdtempSync(join(tmpdir(), "verge-s3-tests-"));
    writeFileSync(join(work, `${REGION_PLUGIN.name}.py`), REGION_PLUGIN.text);
  });
  afterAll(async () => {
    await target.verge.stop();
    rmSync(work, { recursive: true, force: true });
  });

  test("test_s3.py and test_headers.py", async () => {
    const ids = only === "" ? FILES : readFileSync(only, "utf8").split("\n").filter(Boolean);
    const pick = (apart: readonly string[]) => apart.filter((id) => only === "" || ids.includes(id));
    const rest = ids.filter((id) => !APART.has(id));
    configure("main", target);
    const outcomes = await runSuite("main", "alone", pick([ALONE]));
    const others = rest.length > 0 ? await runSuite("main", "rest", [...rest, ...findParallelism()]) : [];
    // Not deselected: pytest would take the names for the beginnings of others.
    outcomes.push(...others.filter(({ name }) => !APART.has(`${S3}${name}`)));
    configure("classes", target, { storageClasses: STORAGE_CLASSES });
    outcomes.push(...(await runSuite("classes", "classes", pick(CLASSED))));
    outcomes.push(...(await runElsewhere(pick([ELSEWHERE]))));
    console.log(describeOutcomes(outcomes));
    const unexplained = outcomes.filter(({ result, name }) => result === "failed" && !isExplained(name));
    expect(only === "" ? [] : unexplained).toEqual([]);
  });

  test.skipIf(only !== "")("test_iam.py and test_sts.py", async () => {
    // There the second user of S3 is a user of the account that the calls of IAM are for.
    const alt = await makeUser(target.verge);
    const iamRoot = { ...ACCOUNTS.iamRoot, canonicalId: target.accountIds["iamRoot"]! };
    configure("iam", target, { accounts: { ...ACCOUNTS, alt, iamRoot } });
    const options = [...IAM_FILES, `--deselect=${SLEEPER}`, "-p", REGION_PLUGIN.name];
    const outcomes = await runSuite("iam", "iam", options);
    console.log(describeOutcomes(outcomes));
    expect(outcomes.filter(({ result }) => result === "passed").length).toBeGreaterThanOrEqual(75);
  });

  /** Writes a configuration of that name. */
  function configure(name: string, { verge, kmsKeys }: Target, options: object = {}): void {
    const text = renderConfiguration({
      endpoint: verge.endpoint,
      accounts: ACCOUNTS,
      kmsKeys,
      lifecycleDay: LIFECYCLE_DAY,
      ...options,
    });
    writeFileSync(join(work, `${name}.conf`), text);
  }

  async function runElsewhere(selection: readonly string[]): Promise<Outcome[]> {
    if (selection.length === 0) return [];
    const elsewhere = await startTarget(ANOTHER_REGION);
    configure("elsewhere", elsewhere, { location: ANOTHER_REGION });
    const outcomes = await runSuite("elsewhere", "elsewhere", selection, { AWS_DEFAULT_REGION: ANOTHER_REGION });
    await elsewhere.verge.stop();
    return outcomes;
  }

  async function runSuite(
    configuration: string,
    name: string,
    selection: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Outcome[]> {
    if (selection.length === 0) return [];
    const report = join(work, `${name}.xml`);
    const options = ["-q", "--tb=no", "--no-header", "-p", "no:cacheprovider", `--junitxml=${report}`, "-o"];
    const variables = { ...environment, S3TEST_CONF: join(work, `${configuration}.conf`) };
    await runPytest([...options, "junit_family=xunit2", ...selection], variables);
    return parseJunit(readFileSync(report, "utf8"));
  }

  /** Ends whatever the tests' outcomes are; @throws {Error} when pytest itself fails. */
  function runPytest(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(python, ["-m", "pytest", ...args], {
        cwd: suite,
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          PATH: process.env["PATH"],
          HOME: work,
          PYTHONPATH: [work, process.env["PYTHONPATH"]].filter(Boolean).join(":"),
          PYTHONDONTWRITEBYTECODE: "1",
          AWS_EC2_METADATA_DISABLED: "true",
          // The native client would not send what the suite's hooks add to a request.
          BOTO_DISABLE_CRT: "true",
          ...variables,
        },
      });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.once("error", reject);
      // 1: some tests failed.
      child.once("close", (code) => (code === 0 || code === 1 ? resolve() : reject(new Error(output))));
    });
  }
});

async function startTarget(region?: string): Promise<Target> {
  const verge = await startVerge({ settings: { ...SETTINGS, ...(region && { VERGE_REGION: region }) } });
  const accountIds: Record<string, string> = {};
  for (const [name, account] of Object.entries(ACCOUNTS)) {
    const created = (await callApi(verge, "POST", "/accounts", account)) as { account: { id: string } };
    accountIds[name] = created.account.id;
  }
  return { verge, accountIds, kmsKeys: [await createKey(verge), await createKey(verge)] };
}

/** A user of the account `iam` who may do everything with its buckets, as Ceph's users may with theirs. */
async function makeUser({ endpoint, region }: Verge): Promise<SuiteAccount> {
  const iam = new IAMClient({ endpoint, region, credentials: { ...ACCOUNTS.iam } });
  const UserName = "s3-tests-user";
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyArn = "arn:aws:iam::aws:policy/AmazonS3FullAccess";
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  iam.destroy();
  return {
    ...ACCOUNTS.alt,
    canonicalId: UserName,
    accessKeyId: AccessKey!.AccessKeyId!,
    secretAccessKey: AccessKey!.SecretAccessKey!,
  };
}

/** Two processes and a limit for each test, where those plugins are installed. */
function findParallelism(): string[] {
  const has = (module: string) => spawnSync(python, ["-c", `import ${module}`]).status === 0;
  return [
    ...(has("xdist") ? ["-n", "2"] : []),
    ...(has("pytest_timeout") ? ["--timeout=60", "--timeout-method=signal", "-o", "timeout_func_only=true"] : []),
  ];
}

/** The ARN of a KMS key of the main account: S3 answers with ARNs whatever names the key. */
async function createKey(verge: Verge): Promise<string> {
  // A copy: the SDK writes into what it is given.
  const kms = createKmsClient(verge, { credentials: { ...ACCOUNTS.main } });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  return KeyMetadata!.Arn!;
}
