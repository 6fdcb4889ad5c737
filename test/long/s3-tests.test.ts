import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callApi } from "../../scripts/local/api-client.ts";
import { createKmsClient } from "../support/kms.ts";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { describeOutcomes, findPart, parseJunit, UNEXPLAINED } from "./s3-tests-report.ts";
import type { Outcome } from "./s3-tests-report.ts";

/**
 * Ceph's s3-tests against the whole product. S3_TESTS is a checkout of the suite. S3_TESTS_ONLY, a file of
 * pytest's test ids, one a line, narrows it; S3_TESTS_PYTHON is the interpreter (python3), which needs what
 * the suite's requirements.txt names; boto3 1.37 or newer, by PYTHONPATH if need be.
 */
const suite = process.env["S3_TESTS"] ?? "";
const only = process.env["S3_TESTS_ONLY"] ?? "";
const python = process.env["S3_TESTS_PYTHON"] ?? "python3";
if (suite === "") console.warn("skipped: ceph/s3-tests, because S3_TESTS does not name a checkout of it");

const FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"];
/** Counts the account's buckets, so nothing else may run beside it. */
const ALONE = "s3tests/functional/test_s3.py::test_list_buckets_paginated";
/** Of the tests that S3_TESTS_ONLY names: the suite as a whole also asks for what only Ceph has. */
const REQUIRED_SHARE = 0.45;

/** Seconds, by which the suite waits for lifecycle rules. */
const LIFECYCLE_DAY = "2";

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
} as const;

describe.skipIf(suite === "")("ceph/s3-tests", () => {
  let verge: Verge;
  let work: string;

  beforeAll(async () => {
    verge = await startVerge({
      // The suite gives new buckets ACLs, and lets everybody read what their policies and ACLs say.
      settings: { VERGE_LIFECYCLE_DAY_SECONDS: LIFECYCLE_DAY, VERGE_BUCKET_DEFAULTS: "open" },
    });
    work = mkdtempSync(join(tmpdir(), "verge-s3-tests-"));
    for (const account of Object.values(ACCOUNTS)) await callApi(verge, "POST", "/accounts", account);
    const keys = [await createKey(verge), await createKey(verge)] as const;
    writeFileSync(join(work, "s3tests.conf"), renderConfiguration(verge, keys));
  });
  afterAll(async () => {
    await verge.stop();
    rmSync(work, { recursive: true, force: true });
  });

  test("passes what is here, and fails only in parts that come later", async () => {
    const ids = only === "" ? FILES : readFileSync(only, "utf8").split("\n").filter(Boolean);
    const outcomes = [
      ...(only === "" || ids.includes(ALONE) ? await runSuite("alone", [ALONE]) : []),
      ...(await runSuite("rest", [...ids.filter((id) => id !== ALONE), `--deselect=${ALONE}`, ...findParallelism()])),
    ];
    console.log(describeOutcomes(outcomes));

    const ran = outcomes.filter(({ result }) => result !== "skipped");
    const passed = ran.filter(({ result }) => result === "passed");
    const failed = ran.filter(({ result }) => result === "failed");
    expect(passed.length / ran.length).toBeGreaterThanOrEqual(only === "" ? 0 : REQUIRED_SHARE);
    const unexplained = failed.filter((outcome) => findPart(outcome) === UNEXPLAINED);
    expect(only === "" ? [] : unexplained).toEqual([]);
  });

  async function runSuite(name: string, selection: readonly string[]): Promise<Outcome[]> {
    const report = join(work, `${name}.xml`);
    const options = ["-q", "--tb=no", "--no-header", "-p", "no:cacheprovider", `--junitxml=${report}`, "-o"];
    await runPytest([...options, "junit_family=xunit2", ...selection]);
    return parseJunit(readFileSync(report, "utf8"));
  }

  /** Ends whatever the tests' outcomes are; @throws {Error} when pytest itself fails. */
  function runPytest(args: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(python, ["-m", "pytest", ...args], {
        cwd: suite,
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          PATH: process.env["PATH"],
          HOME: work,
          PYTHONPATH: process.env["PYTHONPATH"],
          PYTHONDONTWRITEBYTECODE: "1",
          S3TEST_CONF: join(work, "s3tests.conf"),
          AWS_EC2_METADATA_DISABLED: "true",
          // The native client would not send what the suite's hooks add to a request.
          BOTO_DISABLE_CRT: "true",
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
  const kms = createKmsClient(verge, { credentials: ACCOUNTS.main });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  return KeyMetadata!.Arn!;
}

function renderConfiguration({ endpoint }: Verge, [key, otherKey]: readonly [string, string]): string {
  const { hostname, port } = new URL(endpoint);
  const { main, alt, tenant } = ACCOUNTS;
  // The suite reads these sections before any test, and uses them in those of IAM alone.
  const nobody = { ...alt, canonicalId: "nobody", accessKeyId: "NOBODY", secretAccessKey: "nobody" };
  return [
    renderSection("DEFAULT", { host: hostname, port, is_secure: "False", ssl_verify: "False" }),
    renderSection("fixtures", {
      "bucket prefix": "s3-tests-{random}-",
      "iam name prefix": "s3-tests-",
      "iam path prefix": "/s3-tests/",
    }),
    renderAccount("s3 main", main, {
      kms_keyid: key,
      kms_keyid2: otherKey,
      lc_debug_interval: LIFECYCLE_DAY,
    }),
    renderAccount("s3 alt", alt),
    renderAccount("s3 tenant", tenant, { tenant: "tenant" }),
    renderAccount("iam", nobody),
    renderAccount("iam root", nobody),
    renderAccount("iam alt root", nobody),
  ].join("\n");
}

function renderAccount(
  section: string,
  account: Record<keyof typeof ACCOUNTS.main, string>,
  further: Readonly<Record<string, string>> = {},
): string {
  return renderSection(section, {
    display_name: account.displayName,
    user_id: account.canonicalId,
    email: account.email,
    access_key: account.accessKeyId,
    secret_key: account.secretAccessKey,
    ...further,
  });
}

function renderSection(name: string, values: Readonly<Record<string, string>>): string {
  return [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`), ""].join("\n");
}
