import { children, element, optionalElement, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { RoutingRule, WebsiteConfiguration, WebsiteRedirect } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
  readDocument,
  readText,
  requireChild,
  requireText,
} from "./document.ts";

const ROOT = "WebsiteConfiguration";
const MAX_RULES = 50;

/** PutBucketWebsite */
export async function putBucketWebsite(call: S3Call): Promise<S3Result> {
  const website = readWebsite(await readDocument(call, ROOT));
  await changeDocuments(call, { website });
  return {};
}

/** GetBucketWebsite */
export async function getBucketWebsite(call: S3Call): Promise<S3Result> {
  const { website } = await findDocuments(call);
  if (!website) throw missingDocument(call, "NoSuchWebsiteConfiguration");
  return { xml: renderWebsite(website) };
}

/** DeleteBucketWebsite */
export async function deleteBucketWebsite(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { website: undefined });
  return { status: 204 };
}

function readWebsite(root: XmlNode): WebsiteConfiguration {
  checkChildren(root, ["IndexDocument", "ErrorDocument", "RedirectAllRequestsTo", "RoutingRules"]);
  const [all] = children(root, "RedirectAllRequestsTo");
  if (all) {
    if (root.children.length > 1) {
      throw invalidArgument(
        "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
        "RedirectAllRequestsTo",
        "not null",
      );
    }
    return { redirectAllTo: readTarget(all) };
  }
  const [index] = children(root, "IndexDocument");
  if (!index) {
    throw invalidArgument(
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
      "IndexDocument",
      "null",
    );
  }
  checkChildren(index, ["Suffix"]);
  const indexSuffix = requireText(index, "Suffix");
  if (indexSuffix === "" || indexSuffix.includes("/")) {
    throw invalidArgument("The IndexDocument Suffix is not well formed", "IndexDocument", indexSuffix);
  }
  const [error] = children(root, "ErrorDocument");
  if (error) checkChildren(error, ["Key"]);
  const errorKey = error && requireText(error, "Key");
  if (errorKey === "") throw invalidArgument("The ErrorDocument Key is not well formed", "ErrorDocument", "");
  const rules = children(root, "RoutingRules").flatMap(readRules);
  return { indexSuffix, ...(errorKey !== undefined && { errorKey }), ...(rules.length > 0 && { rules }) };
}

function readTarget(node: XmlNode): WebsiteRedirect {
  checkChildren(node, ["HostName", "Protocol"]);
  const protocol = readProtocol(node);
  return { hostName: requireText(node, "HostName"), ...(protocol && { protocol }) };
}

function readRules(node: XmlNode): RoutingRule[] {
  checkChildren(node, [], ["RoutingRule"]);
  const rules = children(node, "RoutingRule");
  if (rules.length > MAX_RULES) {
    throw s3Error("InvalidRequest", {
      message: `${rules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${MAX_RULES}.`,
    });
  }
  return rules.map(readRule);
}

function readRule(node: XmlNode): RoutingRule {
  checkChildren(node, ["Condition", "Redirect"]);
  const redirect = readRedirect(requireChild(node, "Redirect"));
  const [condition] = children(node, "Condition");
  if (!condition) return { redirect };
  checkChildren(condition, ["HttpErrorCodeReturnedEquals", "KeyPrefixEquals"]);
  const code = readText(condition, "HttpErrorCodeReturnedEquals");
  const keyPrefix = readText(condition, "KeyPrefixEquals");
  if (code === undefined && keyPrefix === undefined) {
    throw s3Error("InvalidRequest", {
      message:
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    });
  }
  const errorCode = code === undefined ? undefined : readCode(code, /^[45]\d\d$/, "error", "4XX or 5XX");
  return {
    redirect,
    ...(errorCode !== undefined && { errorCode }),
    ...(keyPrefix !== undefined && { keyPrefix }),
  };
}

function readRedirect(node: XmlNode): WebsiteRedirect {
  checkChildren(node, ["HostName", "HttpRedirectCode", "Protocol", "ReplaceKeyPrefixWith", "ReplaceKeyWith"]);
  const [hostName, code, protocol] = [
    readText(node, "HostName"),
    readText(node, "HttpRedirectCode"),
    readProtocol(node),
  ];
  const [prefix, key] = [readText(node, "ReplaceKeyPrefixWith"), readText(node, "ReplaceKeyWith")];
  if (prefix !== undefined && key !== undefined) {
    throw s3Error("InvalidRequest", { message: "You can only define ReplaceKeyPrefix or ReplaceKey but not both." });
  }
  if (node.children.length === 0) throw s3Error("InvalidRequest", { message: "Redirect cannot be empty." });
  return {
    ...(hostName !== undefined && { hostName }),
    ...(protocol && { protocol }),
    ...(code !== undefined && { code: readCode(code, /^3(?!00)\d\d$/, "redirect", "3XX except 300") }),
    ...(prefix !== undefined && { replaceKeyPrefixWith: prefix }),
    ...(key !== undefined && { replaceKeyWith: key }),
  };
}

function readProtocol(node: XmlNode): "http" | "https" | undefined {
  const protocol = readText(node, "Protocol");
  if (protocol === undefined || protocol === "http" || protocol === "https") return protocol;
  throw s3Error("InvalidRequest", {
    message:
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
  });
}

function readCode(text: string, pattern: RegExp, kind: string, valid: string): number {
  if (pattern.test(text)) return Number(text);
  throw s3Error("InvalidRequest", {
    message: `The provided HTTP ${kind} code (${text}) is not valid. Valid codes are ${valid}.`,
  });
}

function renderWebsite({ redirectAllTo, indexSuffix, errorKey, rules }: WebsiteConfiguration): XmlElement {
  return element(
    ROOT,
    redirectAllTo &&
      element(
        "RedirectAllRequestsTo",
        optionalElement("HostName", redirectAllTo.hostName),
        optionalElement("Protocol", redirectAllTo.protocol),
      ),
    indexSuffix === undefined ? undefined : element("IndexDocument", element("Suffix", indexSuffix)),
    errorKey === undefined ? undefined : element("ErrorDocument", element("Key", errorKey)),
    rules && element("RoutingRules", rules.map(renderRule)),
  );
}

function renderRule({ errorCode, keyPrefix, redirect }: RoutingRule): XmlElement {
  const conditional = errorCode !== undefined || keyPrefix !== undefined;
  return element(
    "RoutingRule",
    conditional
      ? element(
          "Condition",
          optionalElement("HttpErrorCodeReturnedEquals", errorCode),
          optionalElement("KeyPrefixEquals", keyPrefix),
        )
      : undefined,
    element(
      "Redirect",
      optionalElement("Protocol", redirect.protocol),
      optionalElement("HostName", redirect.hostName),
      optionalElement("ReplaceKeyPrefixWith", redirect.replaceKeyPrefixWith),
      optionalElement("ReplaceKeyWith", redirect.replaceKeyWith),
      optionalElement("HttpRedirectCode", redirect.code),
    ),
  );
}
