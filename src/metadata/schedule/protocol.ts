/**
 * What the Worker and an account's Schedules say to each other. Plain values only; fields are only ever added
 * (objects run old code for minutes after a deploy).
 */

/** A schedule, with AWS's member names where they are AWS's. Times in milliseconds since 1970. */
export interface ScheduleSettings {
  readonly expression: string;
  readonly timeZone: string;
  readonly state: "ENABLED" | "DISABLED";
  readonly startAt?: number;
  readonly endAt?: number;
  readonly description?: string;
  /** Stored only. */
  readonly kmsKeyArn?: string;
  /** 0: no window. */
  readonly windowMinutes: number;
  readonly actionAfterCompletion: "NONE" | "DELETE";
  readonly target: ScheduleTarget;
}

export interface ScheduleTarget {
  readonly arn: string;
  readonly roleArn: string;
  /** Text as given; absent: the event that the Scheduler makes. */
  readonly input?: string;
  /** For queues. */
  readonly messageGroupId?: string;
  readonly maximumEventAgeInSeconds: number;
  readonly maximumRetryAttempts: number;
  /** Queue for what the target does not take. */
  readonly deadLetterArn?: string;
}

export interface ScheduleName {
  readonly group: string;
  readonly name: string;
}

export interface ScheduleRecord extends ScheduleName {
  readonly settings: ScheduleSettings;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface GroupRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where an account is, which its ARNs say. */
export interface ScheduleOwner {
  readonly accountId: string;
  readonly region: string;
}

export type CreateOutcome = "created" | "exists" | "no-group";

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Whether there are more. */
  readonly more: boolean;
}

export interface ScheduleQuery {
  readonly group?: string;
  readonly prefix?: string;
  readonly state?: "ENABLED" | "DISABLED";
  /** Behind this one. */
  readonly after?: ScheduleName;
  readonly limit: number;
}

/** The calls that the Worker makes; see `bucket/index-api.ts` for why stubs are seen through an interface. */
export interface SchedulesApi {
  /** The same again with the same token counts as created. */
  createSchedule(
    owner: ScheduleOwner,
    name: ScheduleName,
    settings: ScheduleSettings,
    token?: string,
  ): Promise<CreateOutcome>;
  /** Replaces the settings wholly. False when there is none. */
  updateSchedule(name: ScheduleName, settings: ScheduleSettings): Promise<boolean>;
  findSchedule(name: ScheduleName): Promise<ScheduleRecord | undefined>;
  deleteSchedule(name: ScheduleName): Promise<boolean>;
  /** Undefined when the group of the query does not exist. */
  listSchedules(query: ScheduleQuery): Promise<Page<ScheduleRecord> | undefined>;
  createGroup(name: string, tags: Readonly<Record<string, string>>, token?: string): Promise<CreateOutcome>;
  findGroup(name: string): Promise<GroupRecord | undefined>;
  /** And the schedules in it. */
  deleteGroup(name: string): Promise<boolean>;
  listGroups(prefix: string, after: string, limit: number): Promise<Page<GroupRecord>>;
  /** `none`: there is no such group. */
  putTags(group: string, tags: Readonly<Record<string, string>>): Promise<"ok" | "none" | "too-many">;
  removeTags(group: string, keys: readonly string[]): Promise<boolean>;
}
