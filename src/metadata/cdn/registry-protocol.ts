/**
 * What the Worker and the CdnRegistry say to each other. Plain values only: expected outcomes are values, and
 * fields are only ever added (objects run old code for minutes after a deploy).
 */
export interface CdnRegistryApi {
  /** The distribution that has an alias for that host (lower case): the host itself, or a wildcard above it. */
  findAlias(host: string): Promise<string | undefined>;
}
