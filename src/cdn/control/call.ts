import type { Account } from "../../auth/identity.ts";
import type { ActionRequest } from "../../auth/policy/decide-action.ts";
import type { Operation } from "../../lib/operation.ts";
import type { Query } from "../../lib/query.ts";
import { element, parseXml, type XmlContent, type XmlElement } from "../../lib/xml.ts";
import type { DistributionApi } from "../../metadata/cdn/protocol.ts";
import type { CdnRegistryApi } from "../../metadata/cdn/registry-protocol.ts";
import type { EdgeFunctionPorts } from "../functions/ports.ts";
import type { AliasGrant } from "./alias-rules.ts";
import { cloudFrontError } from "./errors.ts";
import type { Shape } from "./xml/shape.ts";

/** The version of the API, with which all its paths begin. */
export const API = "/2020-05-31";

/** A decoded request to the CloudFront API, as an operation sees it. */
export interface CdnCall extends EdgeFunctionPorts {
  readonly requestId: string;
  readonly operation: string;
  /** The caller's account: operations see nothing of others. */
  readonly account: Account;
  /** The template's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: Headers;
  /** The whole body: documents are bounded. */
  readonly body: Uint8Array;
  /** Scheme, host and port as the client named them: `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** Host whose sub-hosts are distributions (`<id>.cdn.<domain>`), buckets and so on. */
  readonly domain: string;
  /** Hosts at which the deployment's APIs are called, as far as they are known. */
  readonly apiHosts: readonly string[];
  /** Which hosts may be named as aliases, and by whom. */
  readonly aliasGrants: readonly AliasGrant[];
  readonly registry: CdnRegistryApi;
  /** For what an operation needs beside its own action. @throws ServiceError AccessDenied */
  readonly requireAllowed: (request: ActionRequest) => void;
  /** The object of a distribution. */
  distribution(id: string): DistributionApi;
}

/** What an operation answers. */
export interface CdnResult {
  readonly status: 200 | 201 | 204;
  readonly headers?: Readonly<Record<string, string>>;
  readonly xml?: XmlElement;
  /** Bytes in place of `xml`. */
  readonly body?: Uint8Array<ArrayBuffer>;
}

export type CdnOperation = Operation<CdnCall, CdnResult>;

/** A parameter that the row's template has. */
export function parameter(call: Pick<CdnCall, "parameters">, name: string): string {
  const value = call.parameters[name];
  if (value === undefined) throw new Error(`The path has no parameter ${name}`);
  return value;
}

/**
 * The body as a document whose root is `rootName`.
 * @throws ServiceError MissingBody, MalformedXML, or what the shape says of a member
 */
export function readDocument<Value>(call: Pick<CdnCall, "body">, rootName: string, shape: Shape<Value>): Value {
  if (call.body.byteLength === 0) throw cloudFrontError("MissingBody");
  const root = parseXml(call.body);
  if (root.name !== rootName) {
    throw cloudFrontError("MalformedXML", `The root of the document is ${root.name}, where ${rootName} is expected.`);
  }
  return shape.read(root, rootName.charAt(0).toLowerCase() + rootName.slice(1));
}

/** ETags as `newCdnId` makes them, with quotes or without. */
const VERSION = /^"?(E[0-9A-Z]{12,13})"?$/;

/** The version that a change is meant for, of If-Match. */
export function readIfMatch({ headers }: Pick<CdnCall, "headers">): string {
  const etag = VERSION.exec(headers.get("if-match") ?? "")?.[1];
  if (etag === undefined) throw cloudFrontError("InvalidIfMatchVersion");
  return etag;
}

/** A document with the version of what it describes. */
export function answer(name: string, content: XmlContent, etag?: string): CdnResult {
  return { status: 200, xml: element(name, content), ...(etag !== undefined && { headers: { etag } }) };
}

/** The document of what was created, and where it is. */
export function answerCreated(
  call: Pick<CdnCall, "origin">,
  path: string,
  name: string,
  content: XmlContent,
  etag: string,
): CdnResult {
  return {
    status: 201,
    xml: element(name, content),
    headers: { etag, location: `${call.origin}${API}/${path}` },
  };
}

export const NOTHING: CdnResult = { status: 204 };
