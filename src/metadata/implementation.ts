type Synchronous<Method> = Method extends (...input: infer Input) => Promise<infer Output>
  ? (...input: Input) => Output
  : never;

/** What a Durable Object's class has to have for its callers' interface: RPC makes promises of its answers. */
export type Implementation<Api> = { [Name in keyof Api]: Synchronous<Api[Name]> };
