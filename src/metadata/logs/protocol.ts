/** What the Worker and a log index say to each other. Only ever add optional fields: objects may run old code. */

/** How one invocation of a function went. */
export interface InvocationRecord {
  readonly requestId: string;
  readonly functionName: string;
  /** `$LATEST` or a number; absent when it was refused before a version was chosen. */
  readonly version: string;
  /** As the caller named it. */
  readonly alias?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly memoryMb: number;
  /** In a cold start only. */
  readonly initMs?: number;
  readonly outcome: "success" | "error" | "timeout" | "out-of-memory" | "throttled" | "fault";
  /** `errorType` of a function that failed. */
  readonly errorType?: string;
}

/** Milliseconds since 1970, and the message. */
export type LogEvent = readonly [timestamp: number, message: string];

/** Events that arrived together for one stream. */
export interface Segment {
  /** Chosen by the sender, so that sending it twice stores it once; orders what has the same time. */
  readonly id: number;
  /** Empty for records of invocations that never reached an environment. */
  readonly stream: string;
  /** Of its events, milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** By the clock of the index, as the creation of its stream. */
  readonly ingestedAt: number;
  /** See segment-body.ts. */
  readonly body: string;
}

/** As it is sent: the index says when it has arrived. */
export type NewSegment = Omit<Segment, "ingestedAt"> & { readonly group: string };

/** Segments put together in one object of R2. */
export interface Pack {
  readonly key: string;
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface LogGroup {
  readonly name: string;
  readonly createdAt: number;
  readonly retentionDays?: number;
  readonly class: string;
  readonly protected: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly storedBytes: number;
}

export type NewGroup = Pick<LogGroup, "name" | "class" | "protected" | "tags">;

export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  readonly firstEventAt?: number;
  readonly lastEventAt?: number;
  readonly lastIngestedAt?: number;
}

/** What can be changed of a group; null takes a value away. */
export interface GroupChange {
  readonly retentionDays?: number | null;
  readonly protected?: boolean;
  readonly putTags?: Readonly<Record<string, string>>;
  readonly removeTags?: readonly string[];
}

export type GroupChangeOutcome = "ok" | "not-found" | "too-many-tags";
export type DeleteGroupOutcome = "ok" | "not-found" | "protected";
export type CreateStreamOutcome = "ok" | "exists" | "group-not-found";
export type FoundStream =
  | { readonly outcome: "found"; readonly retentionDays?: number }
  | { readonly outcome: "group-not-found" | "stream-not-found" };

export interface GroupQuery {
  /** Names that begin with it. */
  readonly prefix?: string;
  /** Names that contain it, in either case. */
  readonly contains?: string;
  /** Exactly these. */
  readonly names?: readonly string[];
  readonly class?: string;
  /** The last name of the page before. */
  readonly after: string;
  readonly limit: number;
}

export interface StreamQuery {
  readonly group: string;
  readonly prefix: string;
  readonly orderBy: "LogStreamName" | "LastEventTime";
  readonly descending: boolean;
  /** The last of the page before. */
  readonly after?: { readonly name: string; readonly lastEventAt: number };
  readonly limit: number;
}

export interface SourceQuery {
  readonly group: string;
  /** All of the group when absent. */
  readonly streams?: readonly string[];
  readonly streamPrefix?: string;
  /** Milliseconds since 1970: events from `from` on, until before `to`. */
  readonly from: number;
  readonly to: number;
  /** Whether the oldest or the latest packs come first, should there be too many for one answer. */
  readonly order: "forward" | "backward";
  /** Also the records of invocations that never reached an environment, and so have no stream. */
  readonly withoutStream?: boolean;
}

/** Where the events of a query are. */
export interface Sources {
  /** Of the streams that were asked for, and in the time that was asked for: in part at least. */
  readonly segments: readonly Segment[];
  /** May hold other streams too: `streams` tells which of their segments count. */
  readonly packs: readonly Pack[];
  /** The streams that match: when each was created, since what is older belongs to a former stream of that name. */
  readonly streams: Readonly<Record<string, number>>;
  /** The time that this answer covers: narrower than asked for when there was too much, or when older events expired. */
  readonly from: number;
  readonly to: number;
  /** Whether the time was narrowed because there was too much. */
  readonly partial: boolean;
}

export type SourcesOutcome =
  | { readonly outcome: "found"; readonly sources: Sources }
  | { readonly outcome: "group-not-found" | "stream-not-found" };

export interface Page<Item> {
  readonly items: readonly Item[];
  /** There are more. */
  readonly more: boolean;
}

/** The calls of a log index. */
export interface LogIndexApi {
  /** Creates the groups and streams that are missing, where `creates` says so; otherwise leaves their segments out. */
  append(segments: readonly NewSegment[], creates: boolean): Promise<void>;
  createGroup(group: NewGroup): Promise<boolean>;
  deleteGroup(name: string): Promise<DeleteGroupOutcome>;
  findGroup(name: string): Promise<LogGroup | undefined>;
  listGroups(query: GroupQuery): Promise<Page<LogGroup>>;
  changeGroup(name: string, change: GroupChange): Promise<GroupChangeOutcome>;
  createStream(group: string, stream: string): Promise<CreateStreamOutcome>;
  deleteStream(group: string, stream: string): Promise<FoundStream["outcome"]>;
  findStream(group: string, stream: string): Promise<FoundStream>;
  /** Undefined when there is no such group. */
  listStreams(query: StreamQuery): Promise<Page<LogStream> | undefined>;
  findSources(query: SourceQuery): Promise<SourcesOutcome>;
}
