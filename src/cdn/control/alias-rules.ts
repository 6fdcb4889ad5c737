import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkUnique } from "./names.ts";

/** "General quotas on distributions". */
const MAX_ALIASES = 100;
const ALIAS = /^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Hosts that Cloudflare gives out: nobody's own. */
const PLATFORM = ".workers.dev";
const GRANT = /^(?:\*\.)?((?:[a-z0-9_-]+\.)*[a-z0-9-]+)(?:=(\d{12}))?$/;

/** A host with all below it, which the accounts of the deployment may name, or one of them alone. */
export interface AliasGrant {
  readonly zone: string;
  readonly accountId: string | undefined;
}

/** What decides who may name a host. */
export interface AliasRights {
  readonly account: { readonly id: string; readonly root: boolean };
  /** Of the deployment: everything below it is its own. */
  readonly domain: string;
  /** At which the deployment's APIs are called. */
  readonly apiHosts: readonly string[];
  readonly aliasGrants: readonly AliasGrant[];
}

/**
 * Reads `VERGE_CDN_ALIASES`: `example.com, example.org=123456789012`. Undefined when it cannot be read.
 */
export function parseAliasGrants(text: string | undefined): readonly AliasGrant[] | undefined {
  const entries = (text ?? "").split(",").map((entry) => entry.trim().toLowerCase());
  const grants: AliasGrant[] = [];
  for (const entry of entries) {
    if (entry === "") continue;
    const [, zone, accountId] = GRANT.exec(entry) ?? [];
    if (zone === undefined) return undefined;
    grants.push({ zone, accountId });
  }
  return grants;
}

/**
 * On AWS a certificate proves whose a host is. Here the deployment says it; what it says nothing of is the root
 * account's alone (docs/decisions/0064-whose-an-alias-is.md). Its own hosts are no one's: whoever had one would answer
 * for the APIs, to everyone.
 */
export function checkAliases(aliases: readonly string[], rights: AliasRights): void {
  if (aliases.length > MAX_ALIASES) throw cloudFrontError("TooManyDistributionCNAMEs");
  checkUnique("CNAME", aliases);
  for (const alias of aliases) {
    if (!ALIAS.test(alias)) throw invalidArgument(`The parameter CNAME contains ${alias} that is not a domain name.`);
    if (isOwnHost(alias, rights)) {
      throw cloudFrontError("CNAMEAlreadyExists", `The CNAME ${alias} belongs to this deployment itself.`);
    }
    if (!mayName(alias, rights)) {
      throw cloudFrontError(
        "InvalidViewerCertificate",
        `The account ${rights.account.id} has not been given the CNAME ${alias}: VERGE_CDN_ALIASES does not name it.`,
      );
    }
  }
}

/** A wildcard above the domain is harmless: the domain and what is below it come first. Above an API's host it is not. */
function isOwnHost(alias: string, { domain, apiHosts }: AliasRights): boolean {
  if (alias === domain || alias.endsWith(`.${domain}`) || alias.endsWith(PLATFORM)) return true;
  const above = alias.startsWith("*.") ? alias.slice(1) : undefined;
  return apiHosts.some((host) => host === alias || (above !== undefined && host !== domain && host.endsWith(above)));
}

/** The longest zone that has the alias decides: a part of a zone may be another account's. */
function mayName(alias: string, { account, aliasGrants }: AliasRights): boolean {
  const host = alias.startsWith("*.") ? alias.slice(2) : alias;
  const covering = aliasGrants.filter(({ zone }) => host === zone || host.endsWith(`.${zone}`));
  if (covering.length === 0) return account.root && aliasGrants.length === 0;
  const longest = Math.max(...covering.map(({ zone }) => zone.length));
  return covering.some(
    ({ zone, accountId }) => zone.length === longest && (accountId === undefined || accountId === account.id),
  );
}
