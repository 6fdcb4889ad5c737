/** What names a KMS key: an id, an alias, or the ARN of either. */
export interface KeyName {
  readonly accountId: string;
  /** Of ARNs. */
  readonly region?: string;
  /** The id, or `alias/…`. */
  readonly name: string;
}

const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):(?:key\/([A-Za-z0-9-_]+)|(alias\/[A-Za-z0-9:/_-]+))$/;
const NAME = /^(alias\/[A-Za-z0-9:/_-]+|[A-Za-z0-9-_]+)$/;

/** Undefined for what can name no key. What is no ARN is of the account that says it. */
export function parseKeyName(text: string, accountId: string): KeyName | undefined {
  const arn = ARN.exec(text);
  if (arn) return { region: arn[1]!, accountId: arn[2]!, name: arn[3] ?? arn[4]! };
  return NAME.test(text) ? { accountId, name: text } : undefined;
}

export function formatKeyArn(region: string, accountId: string, keyId: string): string {
  return `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
}

export function formatAliasArn(region: string, accountId: string, name: string): string {
  return `arn:aws:kms:${region}:${accountId}:${name}`;
}
