/** The `origin` of an origin-request event: either `custom` or `s3`. */
import type { OriginTarget } from "../edge/behavior.ts";
import type { LambdaHeader } from "./lambda-event.ts";
import { EdgeFunctionError } from "./ports.ts";

export function describeLambdaOrigin({ origin, customHeaders, signs }: OriginTarget): object {
  const own: Record<string, LambdaHeader[]> = {};
  for (const [name, value] of customHeaders) (own[name] ??= []).push({ key: name, value });
  const common = { customHeaders: own, domainName: origin.DomainName, path: origin.OriginPath };
  const custom = origin.CustomOriginConfig;
  if (!custom) {
    return { s3: { ...common, authMethod: signs ? "origin-access-identity" : "none", region: "" } };
  }
  const isPlain = custom.OriginProtocolPolicy === "http-only";
  return {
    custom: {
      ...common,
      keepaliveTimeout: custom.OriginKeepaliveTimeout,
      port: isPlain ? custom.HTTPPort : custom.HTTPSPort,
      protocol: isPlain ? "http" : "https",
      readTimeout: custom.OriginReadTimeout,
      sslProtocols: custom.OriginSslProtocols,
    },
  };
}

interface ReturnedOrigin {
  readonly domainName?: unknown;
  readonly path?: unknown;
  readonly customHeaders?: Readonly<Record<string, readonly LambdaHeader[]>>;
  readonly port?: unknown;
  readonly protocol?: unknown;
  readonly readTimeout?: unknown;
  readonly authMethod?: unknown;
}

/** The origin that a function has chosen; undefined where it left the origin as it is. */
export function readLambdaOrigin(target: OriginTarget, returned: unknown): OriginTarget | undefined {
  const described = describeLambdaOrigin(target);
  if (returned === undefined || JSON.stringify(returned) === JSON.stringify(described)) return undefined;
  const { custom, s3 } = (returned ?? {}) as { custom?: ReturnedOrigin; s3?: ReturnedOrigin };
  const chosen = custom ?? s3;
  if (!chosen) throw invalid("an origin is custom or s3");
  const { domainName, path = "" } = chosen;
  if (typeof domainName !== "string" || !/^[a-z0-9._-]+$/i.test(domainName)) throw invalid("domainName must be a host");
  if (typeof path !== "string" || !/^(?:\/[^\s?#]*[^/\s?#])?$/.test(path)) {
    throw invalid("path must be empty, or begin with a slash and end without one");
  }
  const { CustomOriginConfig: _custom, S3OriginConfig: _s3, ...base } = target.origin;
  return {
    origin: {
      ...base,
      DomainName: domainName,
      OriginPath: path,
      ...(custom ? { CustomOriginConfig: readCustom(target, custom) } : { S3OriginConfig: readS3(target) }),
    },
    customHeaders: Object.entries(chosen.customHeaders ?? {}).flatMap(([name, values]) =>
      values.map(({ value }) => [name.toLowerCase(), value] as const),
    ),
    signs: s3 !== undefined && (s3.authMethod === undefined ? target.signs : s3.authMethod !== "none"),
  };
}

function readS3({ origin }: OriginTarget) {
  return origin.S3OriginConfig ?? { OriginAccessIdentity: "", OriginReadTimeout: 30 };
}

function readCustom({ origin }: OriginTarget, { port, protocol = "https", readTimeout }: ReturnedOrigin) {
  if (protocol !== "http" && protocol !== "https") throw invalid("protocol must be http or https");
  const chosen = Number(port ?? (protocol === "http" ? 80 : 443));
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > 65_535) throw invalid("port must be a port");
  const seconds = Number(readTimeout ?? 30);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60) throw invalid("readTimeout must be from 1 to 60");
  return {
    HTTPPort: protocol === "http" ? chosen : 80,
    HTTPSPort: protocol === "https" ? chosen : 443,
    OriginProtocolPolicy: `${protocol}-only` as const,
    OriginSslProtocols: origin.CustomOriginConfig?.OriginSslProtocols ?? ["TLSv1.2"],
    OriginReadTimeout: seconds,
    OriginKeepaliveTimeout: origin.CustomOriginConfig?.OriginKeepaliveTimeout ?? 5,
  };
}

function invalid(why: string): EdgeFunctionError {
  return new EdgeFunctionError(502, `The Lambda function returned an invalid origin: ${why}.`);
}
