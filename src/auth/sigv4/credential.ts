/** The parts of `AKID/20130524/us-east-1/s3/aws4_request`, not yet checked against anything. */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** `yyyyMMdd` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** Must be `aws4_request`. */
  readonly terminal: string;
}

/** Splits a credential, or undefined when it does not have its five parts. */
export function parseCredential(value: string): CredentialScope | undefined {
  const parts = value.split("/");
  if (parts.length < 5) return undefined;
  const [date, region, service, terminal] = parts.slice(-4) as [string, string, string, string];
  // An access key given by the operator may hold a slash; the scope never does.
  const accessKeyId = parts.slice(0, -4).join("/");
  return accessKeyId === "" ? undefined : { accessKeyId, date, region, service, terminal };
}

/** The scope line of a string to sign: `20130524/us-east-1/s3/aws4_request`. */
export function formatScope(date: string, region: string, service: string): string {
  return `${date}/${region}/${service}/aws4_request`;
}
