import { OperationTable } from "../lib/operation.ts";
import { createAccount, deleteAccount, getAccount, listAccounts } from "./accounts.ts";
import { listAudit, runAudited } from "./audit.ts";
import type { VergeOperation } from "./call.ts";
import { getBucket, getRebuild, rebuildBucket, sweepBucket } from "./buckets.ts";
import { listInvocations } from "./invocations.ts";
import { createDistribution, purgeDistribution } from "./distributions.ts";
import { getCdnMetrics } from "./cdn-metrics.ts";
import { getProtection, putProtection } from "./protection.ts";
import { createKey, deleteKey, disableKey, enableKey, rotateKey } from "./keys.ts";

const KEY = "/accounts/{id}/keys/{accessKeyId}";

const rows: readonly VergeOperation[] = [
  { name: "ListAccounts", method: "GET", path: "/accounts", access: "verge:ListAccounts", handle: listAccounts },
  { name: "CreateAccount", method: "POST", path: "/accounts", access: "verge:CreateAccount", handle: createAccount },
  { name: "GetAccount", method: "GET", path: "/accounts/{id}", access: "verge:GetAccount", handle: getAccount },
  { name: "DeleteAccount", method: "DELETE", path: "/accounts/{id}", access: "verge:DeleteAccount", handle: deleteAccount },
  { name: "CreateKey", method: "POST", path: "/accounts/{id}/keys", access: "verge:CreateKey", handle: createKey },
  { name: "DeleteKey", method: "DELETE", path: KEY, access: "verge:DeleteKey", handle: deleteKey },
  { name: "DisableKey", method: "POST", path: `${KEY}/disable`, access: "verge:DisableKey", handle: disableKey },
  { name: "EnableKey", method: "POST", path: `${KEY}/enable`, access: "verge:EnableKey", handle: enableKey },
  { name: "RotateKey", method: "POST", path: `${KEY}/rotate`, access: "verge:RotateKey", handle: rotateKey },
  { name: "ListInvocations", method: "GET", path: "/accounts/{id}/functions/{name}/invocations", access: "verge:ListInvocations", handle: listInvocations },
  { name: "GetBucket", method: "GET", path: "/buckets/{name}", access: "verge:GetBucket", handle: getBucket },
  { name: "SweepBucket", method: "POST", path: "/buckets/{name}/sweep", access: "verge:SweepBucket", handle: sweepBucket },
  { name: "RebuildBucket", method: "POST", path: "/buckets/{name}/rebuild", access: "verge:RebuildBucket", handle: rebuildBucket },
  { name: "GetRebuild", method: "GET", path: "/buckets/{name}/rebuild", access: "verge:GetRebuild", handle: getRebuild },
  { name: "CreateDistribution", method: "POST", path: "/distributions", access: "verge:CreateDistribution", handle: createDistribution },
  { name: "PurgeDistribution", method: "POST", path: "/distributions/{id}/purge", access: "verge:PurgeDistribution", handle: purgeDistribution },
  { name: "GetCdnMetrics", method: "GET", path: "/cdn/metrics", access: "verge:GetCdnMetrics", handle: getCdnMetrics },
  { name: "GetProtection", method: "GET", path: "/distributions/{id}/protection", access: "verge:GetProtection", handle: getProtection },
  { name: "PutProtection", method: "PUT", path: "/distributions/{id}/protection", access: "verge:PutProtection", handle: putProtection },
  { name: "ListAudit", method: "GET", path: "/audit", access: "verge:ListAudit", handle: listAudit },
];

/**
 * What Verge has beside AWS's APIs, below `/_verge/api`. Every handler is wrapped, so that none can be
 * reached without the check for the root account or without a record.
 */
export const vergeOperations = new OperationTable<VergeOperation>(rows.map((row) => ({ ...row, handle: (call) => runAudited(row, call) })));
