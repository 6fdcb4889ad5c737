/** What the Worker and an account's FunctionRegistry say to each other of layers; see protocol.ts. */
import type {
  CodeExpired,
  FunctionCode,
  Page,
  PolicyOutcome,
  PolicyRecord,
  PolicyStatement,
  StorageFull,
} from "./protocol.ts";

/** A layer's version as a function uses it. */
export interface FunctionLayer {
  readonly arn: string;
  /** The package of the version, or this account's copy of it when the layer is another's. */
  readonly code: FunctionCode;
}

/** A layer that a function is to have. */
export interface LayerChoice {
  readonly layer: FunctionLayer;
  /** Its package was copied for this account just now, and nothing refers to it yet. */
  readonly isCopied: boolean;
}

export interface NewLayerVersion {
  readonly name: string;
  readonly code: FunctionCode;
  readonly description: string;
  readonly licenseInfo?: string;
  /** Runtimes and architectures that it says it is for: they select in listings, and nothing else. */
  readonly runtimes?: readonly string[];
  readonly architectures?: readonly string[];
}

export interface LayerVersion extends NewLayerVersion {
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface LayerFilter {
  readonly runtime?: string;
  readonly architecture?: string;
}

export type PublishLayerOutcome =
  | { readonly outcome: "ok"; readonly version: LayerVersion }
  | CodeExpired
  | StorageFull;

export interface LayersApi {
  publishLayerVersion(layer: NewLayerVersion): Promise<PublishLayerOutcome>;
  findLayerVersion(name: string, version: number): Promise<LayerVersion | undefined>;
  /** Of each layer the latest version that the filter lets through, in name order. */
  listLayers(after: string, limit: number, filter: LayerFilter): Promise<Page<LayerVersion>>;
  /** The latest first. */
  listLayerVersions(name: string, before: string, limit: number, filter: LayerFilter): Promise<Page<LayerVersion>>;
  /** What is not there counts as deleted. */
  deleteLayerVersion(name: string, version: number): Promise<void>;
  /** How some function of the account uses a layer's version. */
  findLayerUse(arn: string): Promise<FunctionLayer | undefined>;

  addLayerStatement(
    name: string,
    version: number,
    statement: PolicyStatement,
    revisionId?: string,
  ): Promise<PolicyOutcome>;
  removeLayerStatement(name: string, version: number, sid: string, revisionId?: string): Promise<PolicyOutcome>;
  findLayerPolicy(name: string, version: number): Promise<PolicyRecord | undefined>;
}
