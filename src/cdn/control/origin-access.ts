import { element } from "../../lib/xml.ts";
import { newCdnId } from "../../metadata/cdn/ids.ts";
import type { OriginAccessControlConfig } from "../../metadata/cdn/policy-configs.ts";
import type { StoredResource } from "../../metadata/cdn/registry-protocol.ts";
import { invalidArgument } from "./errors.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceHandlers } from "./resources.ts";
import { originAccessIdentityShape } from "./xml/key-shapes.ts";
import { originAccessControlShape } from "./xml/policy-shapes.ts";

/** API Reference, OriginAccessControlConfig. */
const MAX_NAME = 64;
const MAX_DESCRIPTION = 256;

const originAccessControls: ResourceType<"origin-access-control"> = {
  kind: "origin-access-control",
  name: "OriginAccessControl",
  path: "origin-access-control",
  shape: originAccessControlShape,
  newId: () => newCdnId("E"),
  nameOf: ({ Name }) => Name,
  check: checkOriginAccessControl,
  describe: () => undefined,
  list: "marked",
  summarise: ({ id }, config) =>
    element("OriginAccessControlSummary", [
      element("Id", id),
      element("Description", config.Description),
      element("Name", config.Name),
      element("SigningProtocol", config.SigningProtocol),
      element("SigningBehavior", config.SigningBehavior),
      element("OriginAccessControlOriginType", config.OriginAccessControlOriginType),
    ]),
  errors: {
    notFound: "NoSuchOriginAccessControl",
    alreadyExists: "OriginAccessControlAlreadyExists",
    inUse: "OriginAccessControlInUse",
    tooMany: "TooManyOriginAccessControls",
  },
};

const originAccessIdentities: ResourceType<"origin-access-identity"> = {
  kind: "origin-access-identity",
  name: "CloudFrontOriginAccessIdentity",
  path: "origin-access-identity/cloudfront",
  shape: originAccessIdentityShape,
  newId: () => newCdnId("E"),
  nameOf: ({ CallerReference }) => CallerReference,
  check({ CallerReference, Comment }) {
    if (CallerReference === "") throw invalidArgument("The parameter CallerReference must not be empty.");
    if (Comment.length > 128) throw invalidArgument("The parameter Comment is too long.");
  },
  checkChange(from, to) {
    if (from.CallerReference !== to.CallerReference)
      throw invalidArgument("The parameter CallerReference cannot be changed.");
  },
  describe: describeCanonicalUser,
  list: "marked",
  summarise: (resource, { Comment }) =>
    element("CloudFrontOriginAccessIdentitySummary", [
      element("Id", resource.id),
      describeCanonicalUser(resource),
      element("Comment", Comment),
    ]),
  errors: {
    notFound: "NoSuchCloudFrontOriginAccessIdentity",
    alreadyExists: "CloudFrontOriginAccessIdentityAlreadyExists",
    inUse: "CloudFrontOriginAccessIdentityInUse",
    tooMany: "TooManyCloudFrontOriginAccessIdentities",
  },
};

export const originAccessControlHandlers = resourceHandlers(originAccessControls);
export const originAccessIdentityHandlers = resourceHandlers(originAccessIdentities);

function checkOriginAccessControl({ Name, Description }: OriginAccessControlConfig): void {
  if (Name === "" || Name.length > MAX_NAME)
    throw invalidArgument(`The parameter Name must have 1 to ${MAX_NAME} characters.`);
  if (Description.length > MAX_DESCRIPTION)
    throw invalidArgument(`The parameter Description must have at most ${MAX_DESCRIPTION} characters.`);
}

/** The name of the identity in ACLs and policies: hexadecimal digits, made of its id, as S3's canonical users have. */
function describeCanonicalUser({ id }: StoredResource) {
  const digits = Array.from(id, (character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return element("S3CanonicalUserId", digits.padEnd(96, "0"));
}
