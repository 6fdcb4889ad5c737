import type { CloudTrailOperation } from "./call.ts";
import { cloudTrailError } from "./errors.ts";
import { lookupEvents } from "./lookup-events.ts";

/** What records events elsewhere: trails that deliver to buckets, event data stores, channels, insights. */
// oxfmt-ignore
const UNSUPPORTED: readonly string[] = [
  "AddTags", "CancelQuery", "CreateChannel", "CreateDashboard", "CreateEventDataStore", "CreateTrail", "DeleteChannel",
  "DeleteDashboard", "DeleteEventDataStore", "DeleteResourcePolicy", "DeleteTrail",
  "DeregisterOrganizationDelegatedAdmin", "DescribeQuery", "DisableFederation", "EnableFederation", "GenerateQuery",
  "GetChannel", "GetDashboard", "GetEventConfiguration", "GetEventDataStore", "GetEventSelectors", "GetImport",
  "GetInsightSelectors", "GetQueryResults", "GetResourcePolicy", "ListChannels", "ListDashboards",
  "ListEventDataStores", "ListImportFailures", "ListImports", "ListInsightsData", "ListInsightsMetricData",
  "ListPublicKeys", "ListQueries", "ListTags", "PutEventConfiguration", "PutEventSelectors", "PutInsightSelectors",
  "PutResourcePolicy", "RegisterOrganizationDelegatedAdmin", "RemoveTags", "RestoreEventDataStore",
  "SearchSampleQueries", "StartDashboardRefresh", "StartEventDataStoreIngestion", "StartImport", "StartLogging",
  "StartQuery", "StopEventDataStoreIngestion", "StopImport", "StopLogging", "UpdateChannel", "UpdateDashboard",
  "UpdateEventDataStore", "UpdateTrail",
];

export const servedCloudTrailOperations: readonly CloudTrailOperation[] = [
  { name: "LookupEvents", access: "cloudtrail:LookupEvents", handle: lookupEvents },
  { name: "DescribeTrails", access: "cloudtrail:DescribeTrails", handle: async () => ({ trailList: [] }) },
  { name: "ListTrails", access: "cloudtrail:ListTrails", handle: async () => ({ Trails: [] }) },
  { name: "GetTrail", access: "cloudtrail:GetTrail", handle: findNoTrail },
  { name: "GetTrailStatus", access: "cloudtrail:GetTrailStatus", handle: findNoTrail },
];

const unsupportedCloudTrailOperations: readonly CloudTrailOperation[] = UNSUPPORTED.map((name) => ({
  name,
  access: `cloudtrail:${name}`,
  handle: async () => {
    throw cloudTrailError("UnsupportedOperationException", `This version of Verge does not implement ${name}.`);
  },
}));

const byName = new Map([...servedCloudTrailOperations, ...unsupportedCloudTrailOperations].map((operation) => [operation.name, operation]));

/** By the name that `X-Amz-Target` ends with. */
export function findCloudTrailOperation(name: string): CloudTrailOperation | undefined {
  return byName.get(name);
}

/** The event history is no trail: there is nothing under any name. */
async function findNoTrail({ input, account }: Parameters<CloudTrailOperation["handle"]>[0]): Promise<never> {
  const name = input.requireText("Name");
  input.finish();
  throw cloudTrailError("TrailNotFoundException", `Unknown trail: ${name} for the user: ${account.id}`);
}
