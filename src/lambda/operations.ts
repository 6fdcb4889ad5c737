import { getAccountSettings } from "./account-settings.ts";
import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from "./aliases.ts";
import type { LambdaOperation } from "./call.ts";
import { updateFunctionCode } from "./code.ts";
import { deleteFunctionConcurrency, getFunctionConcurrency, putFunctionConcurrency } from "./concurrency.ts";
import { getFunctionConfiguration, updateFunctionConfiguration } from "./configuration.ts";
import {
  deleteFunctionEventInvokeConfig,
  getFunctionEventInvokeConfig,
  listFunctionEventInvokeConfigs,
  putFunctionEventInvokeConfig,
  updateFunctionEventInvokeConfig,
} from "./event-invoke-configs.ts";
import {
  deleteFunctionCodeSigningConfig,
  deleteProvisionedConcurrencyConfig,
  getFunctionCodeSigningConfig,
  getProvisionedConcurrencyConfig,
  getRuntimeManagementConfig,
  listCodeSigningConfigs,
  listProvisionedConcurrencyConfigs,
  putRuntimeManagementConfig,
} from "./fixed-settings.ts";
import { createEventSourceMapping, deleteEventSourceMapping, getEventSourceMapping, listEventSourceMappings, updateEventSourceMapping } from "./event-sources/mappings.ts";
import { createFunction, deleteFunction, getFunction, listFunctions } from "./functions.ts";
import { invokeWithResponseStream } from "./invoke/stream.ts";
import { invoke, invokeAsync } from "./invoke/sync.ts";
import { addLayerVersionPermission, getLayerVersionPolicy, removeLayerVersionPermission } from "./layers/permissions.ts";
import { deleteLayerVersion, getLayerVersion, getLayerVersionByArn, listLayers, listLayerVersions, publishLayerVersion } from "./layers/versions.ts";
import { addPermission, getPolicy, removePermission } from "./permissions.ts";
import { getFunctionRecursionConfig, putFunctionRecursionConfig } from "./recursion.ts";
import { listTags, tagResource, untagResource } from "./tags.ts";
import { createFunctionUrlConfig, deleteFunctionUrlConfig, getFunctionUrlConfig, listFunctionUrlConfigs, updateFunctionUrlConfig } from "./urls/configs.ts";
import { listVersionsByFunction, publishVersion } from "./versions.ts";
import { unsupportedLambdaOperations } from "./unsupported.ts";

const FUNCTIONS = "/2015-03-31/functions";
const FUNCTION = `${FUNCTIONS}/{FunctionName}`;
const FUNCTION_URL = "/2021-10-31/functions/{FunctionName}/url";
const PROVISIONED = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency";
const RUNTIME_MANAGEMENT = "/2021-07-20/functions/{FunctionName}/runtime-management-config";
const SIGNED = "/2020-06-30/functions/{FunctionName}/code-signing-config";
const LAYERS = "/2018-10-31/layers";
const LAYER_VERSIONS = `${LAYERS}/{LayerName}/versions`;
const LAYER_VERSION = `${LAYER_VERSIONS}/{VersionNumber}`;
const EVENT_CONFIG = "/2019-09-25/functions/{FunctionName}/event-invoke-config";
const RECURSION = "/2024-08-31/functions/{FunctionName}/recursion-config";
const TAGS = "/2017-03-31/tags/{Resource}";

/** The operations of Lambda that are served. */
export const servedLambdaOperations: readonly LambdaOperation[] = [
  { name: "CreateFunction", method: "POST", path: FUNCTIONS, access: "lambda:CreateFunction", handle: createFunction },
  { name: "ListFunctions", method: "GET", path: FUNCTIONS, access: "lambda:ListFunctions", handle: listFunctions },
  { name: "GetFunction", method: "GET", path: FUNCTION, access: "lambda:GetFunction", handle: getFunction },
  { name: "DeleteFunction", method: "DELETE", path: FUNCTION, access: "lambda:DeleteFunction", handle: deleteFunction },
  { name: "GetFunctionConfiguration", method: "GET", path: `${FUNCTION}/configuration`, access: "lambda:GetFunctionConfiguration", handle: getFunctionConfiguration },
  { name: "UpdateFunctionConfiguration", method: "PUT", path: `${FUNCTION}/configuration`, access: "lambda:UpdateFunctionConfiguration", handle: updateFunctionConfiguration },
  { name: "UpdateFunctionCode", method: "PUT", path: `${FUNCTION}/code`, access: "lambda:UpdateFunctionCode", handle: updateFunctionCode },
  { name: "CreateEventSourceMapping", method: "POST", path: "/2015-03-31/event-source-mappings", access: "lambda:CreateEventSourceMapping", handle: createEventSourceMapping },
  { name: "ListEventSourceMappings", method: "GET", path: "/2015-03-31/event-source-mappings", access: "lambda:ListEventSourceMappings", handle: listEventSourceMappings },
  { name: "GetEventSourceMapping", method: "GET", path: "/2015-03-31/event-source-mappings/{UUID}", access: "lambda:GetEventSourceMapping", handle: getEventSourceMapping },
  { name: "UpdateEventSourceMapping", method: "PUT", path: "/2015-03-31/event-source-mappings/{UUID}", access: "lambda:UpdateEventSourceMapping", handle: updateEventSourceMapping },
  { name: "DeleteEventSourceMapping", method: "DELETE", path: "/2015-03-31/event-source-mappings/{UUID}", access: "lambda:DeleteEventSourceMapping", handle: deleteEventSourceMapping },

  { name: "Invoke", method: "POST", path: `${FUNCTION}/invocations`, access: "lambda:InvokeFunction", handle: invoke },
  { name: "InvokeAsync", method: "POST", path: "/2014-11-13/functions/{FunctionName}/invoke-async", access: "lambda:InvokeFunction", handle: invokeAsync },
  { name: "InvokeWithResponseStream", method: "POST", path: "/2021-11-15/functions/{FunctionName}/response-streaming-invocations", access: "lambda:InvokeFunction", handle: invokeWithResponseStream },
  { name: "GetAccountSettings", method: "GET", path: "/2016-08-19/account-settings", access: "lambda:GetAccountSettings", handle: getAccountSettings },

  { name: "PublishVersion", method: "POST", path: `${FUNCTION}/versions`, access: "lambda:PublishVersion", handle: publishVersion },
  { name: "ListVersionsByFunction", method: "GET", path: `${FUNCTION}/versions`, access: "lambda:ListVersionsByFunction", handle: listVersionsByFunction },
  { name: "CreateAlias", method: "POST", path: `${FUNCTION}/aliases`, access: "lambda:CreateAlias", handle: createAlias },
  { name: "ListAliases", method: "GET", path: `${FUNCTION}/aliases`, access: "lambda:ListAliases", handle: listAliases },
  { name: "GetAlias", method: "GET", path: `${FUNCTION}/aliases/{Name}`, access: "lambda:GetAlias", handle: getAlias },
  { name: "UpdateAlias", method: "PUT", path: `${FUNCTION}/aliases/{Name}`, access: "lambda:UpdateAlias", handle: updateAlias },
  { name: "DeleteAlias", method: "DELETE", path: `${FUNCTION}/aliases/{Name}`, access: "lambda:DeleteAlias", handle: deleteAlias },

  { name: "AddPermission", method: "POST", path: `${FUNCTION}/policy`, access: "lambda:AddPermission", handle: addPermission },
  { name: "GetPolicy", method: "GET", path: `${FUNCTION}/policy`, access: "lambda:GetPolicy", handle: getPolicy },
  { name: "RemovePermission", method: "DELETE", path: `${FUNCTION}/policy/{StatementId}`, access: "lambda:RemovePermission", handle: removePermission },

  { name: "PutFunctionConcurrency", method: "PUT", path: "/2017-10-31/functions/{FunctionName}/concurrency", access: "lambda:PutFunctionConcurrency", handle: putFunctionConcurrency },
  { name: "GetFunctionConcurrency", method: "GET", path: "/2019-09-30/functions/{FunctionName}/concurrency", access: "lambda:GetFunctionConcurrency", handle: getFunctionConcurrency },
  { name: "DeleteFunctionConcurrency", method: "DELETE", path: "/2017-10-31/functions/{FunctionName}/concurrency", access: "lambda:DeleteFunctionConcurrency", handle: deleteFunctionConcurrency },

  { name: "PutFunctionEventInvokeConfig", method: "PUT", path: EVENT_CONFIG, access: "lambda:PutFunctionEventInvokeConfig", handle: putFunctionEventInvokeConfig },
  { name: "UpdateFunctionEventInvokeConfig", method: "POST", path: EVENT_CONFIG, access: "lambda:UpdateFunctionEventInvokeConfig", handle: updateFunctionEventInvokeConfig },
  { name: "GetFunctionEventInvokeConfig", method: "GET", path: EVENT_CONFIG, access: "lambda:GetFunctionEventInvokeConfig", handle: getFunctionEventInvokeConfig },
  { name: "ListFunctionEventInvokeConfigs", method: "GET", path: `${EVENT_CONFIG}/list`, access: "lambda:ListFunctionEventInvokeConfigs", handle: listFunctionEventInvokeConfigs },
  { name: "DeleteFunctionEventInvokeConfig", method: "DELETE", path: EVENT_CONFIG, access: "lambda:DeleteFunctionEventInvokeConfig", handle: deleteFunctionEventInvokeConfig },
  { name: "PutFunctionRecursionConfig", method: "PUT", path: RECURSION, access: "lambda:PutFunctionRecursionConfig", handle: putFunctionRecursionConfig },
  { name: "GetFunctionRecursionConfig", method: "GET", path: RECURSION, access: "lambda:GetFunctionRecursionConfig", handle: getFunctionRecursionConfig },

  { name: "GetProvisionedConcurrencyConfig", method: "GET", path: PROVISIONED, access: "lambda:GetProvisionedConcurrencyConfig", handle: getProvisionedConcurrencyConfig },
  {
    name: "ListProvisionedConcurrencyConfigs",
    method: "GET",
    path: PROVISIONED,
    query: { List: "ALL" },
    access: "lambda:ListProvisionedConcurrencyConfigs",
    handle: listProvisionedConcurrencyConfigs,
  },
  { name: "DeleteProvisionedConcurrencyConfig", method: "DELETE", path: PROVISIONED, access: "lambda:DeleteProvisionedConcurrencyConfig", handle: deleteProvisionedConcurrencyConfig },

  { name: "GetFunctionCodeSigningConfig", method: "GET", path: SIGNED, access: "lambda:GetFunctionCodeSigningConfig", handle: getFunctionCodeSigningConfig },
  { name: "DeleteFunctionCodeSigningConfig", method: "DELETE", path: SIGNED, access: "lambda:DeleteFunctionCodeSigningConfig", handle: deleteFunctionCodeSigningConfig },
  { name: "ListCodeSigningConfigs", method: "GET", path: "/2020-04-22/code-signing-configs", access: "lambda:ListCodeSigningConfigs", handle: listCodeSigningConfigs },
  { name: "GetRuntimeManagementConfig", method: "GET", path: RUNTIME_MANAGEMENT, access: "lambda:GetRuntimeManagementConfig", handle: getRuntimeManagementConfig },
  { name: "PutRuntimeManagementConfig", method: "PUT", path: RUNTIME_MANAGEMENT, access: "lambda:PutRuntimeManagementConfig", handle: putRuntimeManagementConfig },

  { name: "CreateFunctionUrlConfig", method: "POST", path: FUNCTION_URL, access: "lambda:CreateFunctionUrlConfig", handle: createFunctionUrlConfig },
  { name: "GetFunctionUrlConfig", method: "GET", path: FUNCTION_URL, access: "lambda:GetFunctionUrlConfig", handle: getFunctionUrlConfig },
  { name: "ListFunctionUrlConfigs", method: "GET", path: `${FUNCTION_URL}s`, access: "lambda:ListFunctionUrlConfigs", handle: listFunctionUrlConfigs },
  { name: "UpdateFunctionUrlConfig", method: "PUT", path: FUNCTION_URL, access: "lambda:UpdateFunctionUrlConfig", handle: updateFunctionUrlConfig },
  { name: "DeleteFunctionUrlConfig", method: "DELETE", path: FUNCTION_URL, access: "lambda:DeleteFunctionUrlConfig", handle: deleteFunctionUrlConfig },

  { name: "PublishLayerVersion", method: "POST", path: LAYER_VERSIONS, access: "lambda:PublishLayerVersion", handle: publishLayerVersion },
  { name: "ListLayerVersions", method: "GET", path: LAYER_VERSIONS, access: "lambda:ListLayerVersions", handle: listLayerVersions },
  { name: "ListLayers", method: "GET", path: LAYERS, access: "lambda:ListLayers", handle: listLayers },
  { name: "GetLayerVersionByArn", method: "GET", path: LAYERS, query: { find: "LayerVersion" }, access: "lambda:GetLayerVersion", handle: getLayerVersionByArn },
  { name: "GetLayerVersion", method: "GET", path: LAYER_VERSION, access: "lambda:GetLayerVersion", handle: getLayerVersion },
  { name: "DeleteLayerVersion", method: "DELETE", path: LAYER_VERSION, access: "lambda:DeleteLayerVersion", handle: deleteLayerVersion },
  { name: "AddLayerVersionPermission", method: "POST", path: `${LAYER_VERSION}/policy`, access: "lambda:AddLayerVersionPermission", handle: addLayerVersionPermission },
  { name: "GetLayerVersionPolicy", method: "GET", path: `${LAYER_VERSION}/policy`, access: "lambda:GetLayerVersionPolicy", handle: getLayerVersionPolicy },
  { name: "RemoveLayerVersionPermission", method: "DELETE", path: `${LAYER_VERSION}/policy/{StatementId}`, access: "lambda:RemoveLayerVersionPermission", handle: removeLayerVersionPermission },

  { name: "TagResource", method: "POST", path: TAGS, access: "lambda:TagResource", handle: tagResource },
  { name: "UntagResource", method: "DELETE", path: TAGS, access: "lambda:UntagResource", handle: untagResource },
  { name: "ListTags", method: "GET", path: TAGS, access: "lambda:ListTags", handle: listTags },
];

/** THE table: what selects an operation, who may call it, what runs. */
export const lambdaOperations: readonly LambdaOperation[] = [...servedLambdaOperations, ...unsupportedLambdaOperations];
