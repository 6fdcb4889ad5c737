/**
 * What the Worker and an account's FunctionRegistry say to each other. Plain values only: expected outcomes
 * are values, and fields are only ever added (objects run old code for minutes after a deploy).
 */
import type { EventConfig, EventConfigApi } from "./event-configs-protocol.ts";
import type { MappingApi } from "./mappings-protocol.ts";
import type { FunctionLayer, LayerChoice, LayersApi } from "./layer-protocol.ts";

/** What UpdateFunctionConfiguration changes. */
export interface FunctionSettings {
  /** `nodejs24.x`. */
  readonly runtime: string;
  readonly handler: string;
  /** ARN. */
  readonly role: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly tracingMode: "Active" | "PassThrough";
  readonly logging: FunctionLogging;
  /** JSON of the variables, encrypted under the deployment's master key; absent when there are none. */
  readonly sealedEnvironment?: string;
  /** ARN of the queue that takes events which fail for good. */
  readonly deadLetterQueue?: string;
  /** In their order: a file of a later one hides that of an earlier one. Absent when there are none. */
  readonly layers?: readonly FunctionLayer[];
}

export interface FunctionLogging {
  readonly format: "Text" | "JSON";
  readonly group: string;
  readonly applicationLevel?: string;
  readonly systemLevel?: string;
}

/** A deployment package in R2. */
export interface FunctionCode {
  /**
   * `<account>/<UUID>`: names its objects in R2. Never reused, so that deleting a package cannot hit another
   * upload of the same bytes.
   */
  readonly codeId: string;
  /** SHA-256 of the zip, base64. */
  readonly sha256: string;
  /** Bytes of the zip. */
  readonly size: number;
  readonly unzippedSize: number;
  /** Bytes that its code takes in an isolate; absent in records of earlier deployments. */
  readonly loadedSize?: number;
}

export interface FunctionVersion {
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Changes with every change of code or settings. */
  readonly revisionId: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  readonly architecture: "x86_64" | "arm64";
  readonly settings: FunctionSettings;
  readonly code: FunctionCode;
}

export interface AliasRecord {
  readonly functionName: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The second version and its share of invocations, from 0 to 1. */
  readonly routing?: { readonly version: string; readonly weight: number };
  readonly revisionId: string;
}

/** What belongs to the function and to none of its versions. */
export interface FunctionRecord {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
  /** What happens when it is invoked in a loop; `Terminate` when absent. */
  readonly recursiveLoop?: "Allow" | "Terminate";
}

/** A function by a name and a qualifier. */
export interface FoundFunction {
  readonly function: FunctionRecord;
  /** Of the alias the one that it points to. */
  readonly version: FunctionVersion;
  readonly alias?: AliasRecord;
  /** The second version of an alias with weights. */
  readonly weighted?: { readonly version: FunctionVersion; readonly weight: number };
  /** Of this qualifier. */
  readonly eventConfig?: EventConfig;
}

export interface NewFunction {
  readonly name: string;
  readonly architecture: FunctionVersion["architecture"];
  readonly settings: FunctionSettings;
  readonly code: FunctionCode;
  readonly tags: Readonly<Record<string, string>>;
  /** Publishes version 1 at once. */
  readonly publish: boolean;
  readonly layers?: readonly LayerChoice[];
}

export interface CodeChange {
  readonly code: FunctionCode;
  readonly architecture?: FunctionVersion["architecture"];
  readonly publish: boolean;
  readonly revisionId?: string;
}

export interface SettingsChange {
  /** What changes; the rest stays. */
  readonly settings: Partial<FunctionSettings>;
  readonly removesEnvironment?: boolean;
  /** In place of those that it has. */
  readonly layers?: readonly LayerChoice[];
  readonly revisionId?: string;
}

export interface Publication {
  /** Of the package that the caller means. */
  readonly codeSha256?: string;
  /** Of the version; that of `$LATEST` when absent. */
  readonly description?: string;
  readonly revisionId?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Pass as `after` for the next page; absent on the last. */
  readonly next?: string;
}

export interface AliasChange {
  readonly version?: string;
  readonly description?: string;
  /** Null removes the second version. */
  readonly routing?: AliasRecord["routing"] | null;
  readonly revisionId?: string;
}

/** A resource-based policy: on a function, one of its versions or an alias. */
export interface PolicyRecord {
  /** Statements as GetPolicy shows them. */
  readonly statements: readonly PolicyStatement[];
  readonly revisionId: string;
}

/** As AddPermission builds it and GetPolicy shows it. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal: "*" | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface UrlRecord {
  readonly functionName: string;
  /** An alias; absent for `$LATEST`. */
  readonly qualifier?: string;
  /** The first label of the URL's host. */
  readonly urlId: string;
  readonly authType: "NONE" | "AWS_IAM";
  readonly invokeMode: "BUFFERED" | "RESPONSE_STREAM";
  readonly cors?: UrlCors;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface UrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  /** Seconds. */
  readonly maxAge?: number;
}

export interface UrlChange {
  readonly authType?: UrlRecord["authType"];
  readonly invokeMode?: UrlRecord["invokeMode"];
  readonly cors?: UrlCors;
}

export interface AccountUsage {
  /** Bytes of all zips. */
  readonly codeSize: number;
  readonly functions: number;
  /** Sum of the reserved concurrency of all functions. */
  readonly reserved: number;
}

type NotFound = { readonly outcome: "not-found" };
type StaleRevision = { readonly outcome: "stale-revision" };
/** The package was reserved so long ago that it has been given up: send it again. */
export type CodeExpired = { readonly outcome: "code-expired" };
export type StorageFull = { readonly outcome: "storage-full" };
/** A layer was deleted since the caller looked. */
type LayerGone = { readonly outcome: "layer-gone" };

export type CreateFunctionOutcome =
  | { readonly outcome: "ok"; readonly version: FunctionVersion }
  | { readonly outcome: "exists" }
  | CodeExpired
  | StorageFull
  | LayerGone;

export type ChangeFunctionOutcome =
  | { readonly outcome: "ok"; readonly version: FunctionVersion }
  | NotFound
  | StaleRevision;

export type ChangeCodeOutcome = ChangeFunctionOutcome | CodeExpired | StorageFull;

export type ChangeSettingsOutcome = ChangeFunctionOutcome | LayerGone;

export type PublishOutcome =
  | ChangeFunctionOutcome
  /** The package of `$LATEST` is another. */
  | { readonly outcome: "other-code"; readonly sha256: string };

export type DeleteOutcome =
  | { readonly outcome: "ok"; readonly urlIds: readonly string[] }
  | NotFound
  /** Aliases that point to the version. */
  | { readonly outcome: "in-use"; readonly aliases: readonly string[] };

export type AliasOutcome =
  | { readonly outcome: "ok"; readonly alias: AliasRecord }
  | NotFound
  | StaleRevision
  | { readonly outcome: "exists" }
  | { readonly outcome: "no-such-version"; readonly version: string };

export type PolicyOutcome =
  | { readonly outcome: "ok"; readonly policy: PolicyRecord }
  | NotFound
  | StaleRevision
  | { readonly outcome: "exists" }
  | { readonly outcome: "no-such-statement" }
  | { readonly outcome: "too-long" };

export type UrlOutcome =
  | { readonly outcome: "ok"; readonly url: UrlRecord }
  | NotFound
  | { readonly outcome: "exists" }
  | { readonly outcome: "no-such-url" };

export type ConcurrencyOutcome =
  | { readonly outcome: "ok" }
  | NotFound
  /** It would leave less than the account must keep for functions without a reservation. */
  | { readonly outcome: "too-much"; readonly unreserved: number };

export type TagsOutcome = { readonly outcome: "ok" } | NotFound | { readonly outcome: "too-many" };

/** The calls that the Worker makes; see `bucket/index-api.ts` for why stubs are seen through an interface. */
export interface FunctionRegistryApi extends EventConfigApi, LayersApi, MappingApi {
  /** Before a package is stored: what no function refers to a day later is deleted. */
  reserveCode(codeId: string): Promise<void>;

  createFunction(created: NewFunction): Promise<CreateFunctionOutcome>;
  /** By `$LATEST`, a version's number or an alias. */
  findFunction(name: string, qualifier: string): Promise<FoundFunction | undefined>;
  /** `$LATEST` of each function, in name order; with `allVersions` the published ones too. */
  listFunctions(after: string, limit: number, allVersions: boolean): Promise<Page<FunctionVersion>>;
  changeCode(name: string, change: CodeChange): Promise<ChangeCodeOutcome>;
  changeSettings(name: string, change: SettingsChange): Promise<ChangeSettingsOutcome>;
  deleteFunction(name: string): Promise<DeleteOutcome>;

  publishVersion(name: string, publication: Publication): Promise<PublishOutcome>;
  listVersions(name: string, after: string, limit: number): Promise<Page<FunctionVersion> | undefined>;
  deleteVersion(name: string, version: string): Promise<DeleteOutcome>;

  createAlias(alias: Omit<AliasRecord, "revisionId">): Promise<AliasOutcome>;
  findAlias(functionName: string, name: string): Promise<AliasRecord | undefined>;
  listAliases(
    functionName: string,
    after: string,
    limit: number,
    version?: string,
  ): Promise<Page<AliasRecord> | undefined>;
  changeAlias(functionName: string, name: string, change: AliasChange): Promise<AliasOutcome>;
  /** What is not there counts as deleted, as at AWS. False when the function is not there. */
  deleteAlias(functionName: string, name: string): Promise<boolean>;

  /** `qualifier` is empty for the function itself. */
  addStatement(
    name: string,
    qualifier: string,
    statement: PolicyStatement,
    revisionId?: string,
  ): Promise<PolicyOutcome>;
  removeStatement(name: string, qualifier: string, sid: string, revisionId?: string): Promise<PolicyOutcome>;
  findPolicy(name: string, qualifier: string): Promise<PolicyRecord | undefined>;

  putTags(name: string, tags: Readonly<Record<string, string>>): Promise<TagsOutcome>;
  removeTags(name: string, keys: readonly string[]): Promise<TagsOutcome>;

  /** Undefined gives the reservation back. */
  putConcurrency(name: string, reserved: number | undefined): Promise<ConcurrencyOutcome>;
  readUsage(): Promise<AccountUsage>;

  /** False when the function is not there. */
  putRecursion(name: string, recursiveLoop: "Allow" | "Terminate"): Promise<boolean>;

  createUrl(url: Omit<UrlRecord, "createdAt" | "modifiedAt">): Promise<UrlOutcome>;
  findUrl(name: string, qualifier: string): Promise<UrlRecord | undefined>;
  findUrlById(urlId: string): Promise<UrlRecord | undefined>;
  listUrls(name: string): Promise<readonly UrlRecord[] | undefined>;
  changeUrl(name: string, qualifier: string, change: UrlChange): Promise<UrlOutcome>;
  /** Undefined when there was none. */
  deleteUrl(name: string, qualifier: string): Promise<UrlRecord | undefined>;
}
