import type { LogGroup } from "../metadata/logs/protocol.ts";
import type { LogsCall } from "./call.ts";
import { groupNotFound, invalidParameter, logsError } from "./errors.ts";
import { formatGroupArn, GROUP_NAME, resolveGroup } from "./names.ts";
import { checkTags } from "./tags.ts";
import { decodeToken, encodeToken } from "./tokens.ts";

const CLASSES = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];
const MAX_PAGE = 50;
/** PutRetentionPolicy: the values that AWS takes, in days. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** CreateLogGroup. A class is kept and answered, and changes nothing. */
export async function createLogGroup({ ask, input }: LogsCall): Promise<undefined> {
  const name = input.requireText("logGroupName", GROUP_NAME);
  const given = input.textMap("tags") ?? {};
  const group = {
    name,
    class: input.text("logGroupClass", { values: CLASSES }) ?? "STANDARD",
    protected: input.boolean("deletionProtectionEnabled") ?? false,
    tags: given,
  };
  checkTags(input, given);
  input.finish();
  if (input.has("kmsKeyId")) throw invalidParameter("Log groups with a KMS key of their own are not supported.");
  if (await ask((index) => index.createGroup(group))) return undefined;
  throw logsError("ResourceAlreadyExistsException", "The specified log group already exists");
}

/** DeleteLogGroup. */
export async function deleteLogGroup({ ask, input }: LogsCall): Promise<undefined> {
  const name = input.requireText("logGroupName", GROUP_NAME);
  input.finish();
  const outcome = await ask((index) => index.deleteGroup(name));
  if (outcome === "not-found") throw groupNotFound();
  if (outcome === "protected") {
    throw logsError(
      "ValidationException",
      "The log group is protected from deletion: disable its deletion protection.",
    );
  }
  return undefined;
}

/** DescribeLogGroups, by name. */
export async function describeLogGroups(call: LogsCall): Promise<object> {
  const { input } = call;
  const prefix = input.text("logGroupNamePrefix", GROUP_NAME);
  const contains = input.text("logGroupNamePattern", { max: 512, pattern: /^[.\-_/#A-Za-z0-9]*$/ });
  const identifiers = input.textList("logGroupIdentifiers", { max: 50 });
  const limit = input.integer("limit", { min: 1, max: MAX_PAGE }) ?? MAX_PAGE;
  const logClass = input.text("logGroupClass", { values: CLASSES });
  const token = input.text("nextToken", { min: 1 });
  input.finish();
  if (prefix !== undefined && contains !== undefined) {
    throw invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  const [after = ""] = token === undefined ? [] : decodeToken(token);
  const page = await call.ask((index) =>
    index.listGroups({
      ...(prefix !== undefined && { prefix }),
      ...(contains !== undefined && { contains }),
      ...(identifiers && { names: identifiers.map((identifier) => resolveGroup(call, identifier)) }),
      ...(logClass !== undefined && { class: logClass }),
      after: String(after),
      limit,
    }),
  );
  const last = page.items.at(-1);
  return {
    logGroups: page.items.map((group) => describeGroup(call, group)),
    ...(page.more && last && { nextToken: encodeToken([last.name]) }),
  };
}

/** PutRetentionPolicy: what is older is not read any more at once, and deleted within hours. */
export async function putRetentionPolicy({ ask, input }: LogsCall): Promise<undefined> {
  const name = input.requireText("logGroupName", GROUP_NAME);
  const days = input.integer("retentionInDays");
  if (days === undefined) input.violate("retentionInDays", "null", "not be null");
  else if (!RETENTION_DAYS.includes(days)) {
    input.violate("retentionInDays", `'${days}'`, `satisfy enum value set: [${RETENTION_DAYS.join(", ")}]`);
  }
  input.finish();
  await changeGroup(ask, name, { retentionDays: days ?? null });
  return undefined;
}

/** DeleteRetentionPolicy: events never expire. */
export async function deleteRetentionPolicy({ ask, input }: LogsCall): Promise<undefined> {
  const name = input.requireText("logGroupName", GROUP_NAME);
  input.finish();
  await changeGroup(ask, name, { retentionDays: null });
  return undefined;
}

/** PutLogGroupDeletionProtection. */
export async function putLogGroupDeletionProtection(call: LogsCall): Promise<undefined> {
  const { ask, input } = call;
  const identifier = input.requireText("logGroupIdentifier");
  const isProtected = input.boolean("deletionProtectionEnabled");
  if (isProtected === undefined) input.violate("deletionProtectionEnabled", "null", "not be null");
  input.finish();
  await changeGroup(ask, resolveGroup(call, identifier), { protected: isProtected ?? false });
  return undefined;
}

async function changeGroup(
  ask: LogsCall["ask"],
  name: string,
  change: { readonly retentionDays?: number | null; readonly protected?: boolean },
): Promise<void> {
  if ((await ask((index) => index.changeGroup(name, change))) === "not-found") throw groupNotFound();
}

function describeGroup(call: LogsCall, group: LogGroup): object {
  const arn = formatGroupArn(call, group.name);
  return {
    logGroupName: group.name,
    creationTime: group.createdAt,
    ...(group.retentionDays !== undefined && { retentionInDays: group.retentionDays }),
    metricFilterCount: 0,
    arn: `${arn}:*`,
    storedBytes: group.storedBytes,
    logGroupClass: group.class,
    logGroupArn: arn,
    deletionProtectionEnabled: group.protected,
  };
}
