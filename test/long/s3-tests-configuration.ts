/** An identity as the suite's configuration has it. */
export interface SuiteAccount {
  /** `user_id`: of accounts their canonical id, of users their name. */
  readonly canonicalId: string;
  readonly displayName: string;
  readonly email: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SuiteConfiguration {
  readonly endpoint: string;
  readonly accounts: Readonly<Record<"main" | "alt" | "tenant" | "iam" | "iamRoot" | "iamAltRoot", SuiteAccount>>;
  readonly kmsKeys: readonly [string, string];
  /** Seconds, by which the suite waits for lifecycle rules. */
  readonly lifecycleDay: string;
  /** Each multiplies the tests of encrypted copies; absent: STANDARD alone. */
  readonly storageClasses?: readonly string[];
  /** A location constraint that CreateBucket takes. */
  readonly location?: string;
}

/** The file that S3TEST_CONF names. */
export function renderConfiguration(suite: SuiteConfiguration): string {
  const { hostname, port } = new URL(suite.endpoint);
  const { main, alt, tenant, iam, iamRoot, iamAltRoot } = suite.accounts;
  return [
    renderSection("DEFAULT", { host: hostname, port, is_secure: "False", ssl_verify: "False" }),
    renderSection("fixtures", {
      "bucket prefix": "s3-tests-{random}-",
      "iam name prefix": "s3-tests-",
      "iam path prefix": "/s3-tests-{random}/",
    }),
    renderAccount("s3 main", main, {
      kms_keyid: suite.kmsKeys[0],
      kms_keyid2: suite.kmsKeys[1],
      lc_debug_interval: suite.lifecycleDay,
      ...(suite.storageClasses && { storage_classes: suite.storageClasses.join(", ") }),
      ...(suite.location !== undefined && { api_name: suite.location }),
    }),
    renderAccount("s3 alt", alt),
    renderAccount("s3 tenant", tenant, { tenant: "tenant" }),
    renderAccount("iam", iam),
    renderAccount("iam root", iamRoot),
    renderAccount("iam alt root", iamAltRoot),
  ].join("\n");
}

/** A plugin for pytest: the suite's clients of IAM and STS name no region, which every signature of AWS has to. */
export const REGION_PLUGIN = {
  name: "name_region",
  text: `import boto3

def named(make):
    def make_named(*args, **options):
        if options.get("region_name") == "":
            options["region_name"] = "us-east-1"
        return make(*args, **options)
    return make_named

boto3.client = named(boto3.client)
boto3.resource = named(boto3.resource)
`,
} as const;

function renderAccount(section: string, account: SuiteAccount, further: Readonly<Record<string, string>> = {}): string {
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
