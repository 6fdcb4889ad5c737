import type { Page, TagsOutcome } from "./protocol.ts";

/** An event source mapping: a function that consumes a queue. */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly functionName: string;
  /** A version's number or an alias. */
  readonly qualifier?: string;
  /** ARN of the queue. */
  readonly sourceArn: string;
  readonly batchSize: number;
  /** How long a batch is collected. */
  readonly windowSeconds: number;
  readonly enabled: boolean;
  /** `ReportBatchItemFailures`: the function says which messages failed. */
  readonly reportsFailures: boolean;
  /** Invocations at the same time. */
  readonly maximumConcurrency?: number;
  /** Event patterns, of which a message has to fit one. */
  readonly filters?: readonly string[];
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface MappingQuery {
  readonly functionName?: string;
  readonly sourceArn?: string;
  readonly after: string;
  readonly limit: number;
}

/** The calls about mappings. */
export interface MappingApi {
  /** `exists`: the function consumes the queue already. */
  createMapping(mapping: EventSourceMapping): Promise<"ok" | "exists">;
  findMapping(uuid: string): Promise<EventSourceMapping | undefined>;
  listMappings(query: MappingQuery): Promise<Page<EventSourceMapping>>;
  /** Its tags stay. False: there is no such mapping. */
  replaceMapping(mapping: EventSourceMapping): Promise<boolean>;
  putMappingTags(uuid: string, tags: Readonly<Record<string, string>>): Promise<TagsOutcome>;
  removeMappingTags(uuid: string, keys: readonly string[]): Promise<TagsOutcome>;
  deleteMapping(uuid: string): Promise<EventSourceMapping | undefined>;
}
