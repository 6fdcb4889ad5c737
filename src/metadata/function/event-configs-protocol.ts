import type { Page } from "./protocol.ts";

/** How asynchronous invocations by one qualifier are handled. */
export interface EventConfig {
  readonly functionName: string;
  /** `$LATEST` for the function itself. */
  readonly qualifier: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** 0 to 2; 2 when absent. */
  readonly maximumRetryAttempts?: number;
  /** 60 to 21,600; the latter when absent. */
  readonly maximumEventAgeSeconds?: number;
  /** ARNs of where invocation records go. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
}

/** Members that are absent stay, or are removed by a change that replaces. Empty destinations are none. */
export type EventConfigChange = Omit<EventConfig, "functionName" | "qualifier" | "modifiedAt">;

export type EventConfigOutcome =
  | { readonly outcome: "ok"; readonly config: EventConfig }
  | { readonly outcome: "not-found" }
  | { readonly outcome: "no-such-config" };

/** Of the calls of a FunctionRegistry those about asynchronous invocations. */
export interface EventConfigApi {
  /** `qualifier` is `$LATEST` for the function itself. With `replace` members that are absent are removed. */
  putEventConfig(
    name: string,
    qualifier: string,
    change: EventConfigChange,
    replace: boolean,
  ): Promise<EventConfigOutcome>;
  findEventConfig(name: string, qualifier: string): Promise<EventConfig | undefined>;
  /** In order of the qualifiers. Undefined when the function is not there. */
  listEventConfigs(name: string, after: string, limit: number): Promise<Page<EventConfig> | undefined>;
  /** False when there was none. */
  deleteEventConfig(name: string, qualifier: string): Promise<boolean>;
}
