import type { XmlContent } from "../../lib/xml.ts";
import type { Reference, ResourceKind, ResourceRecords, StoredResource } from "../../metadata/cdn/registry-protocol.ts";
import type { CloudFrontErrorCode } from "./errors.ts";
import type { ListStyle } from "./paging.ts";
import type { Shape } from "./xml/shape.ts";

/**
 * A kind of thing that distributions refer to by id. CloudFront's operations on all of them are the same six:
 * what differs stands here, and `resources.ts` does the rest.
 */
export interface ResourceType<Kind extends ResourceKind> {
  readonly kind: Kind;
  /** The element of one, which contains its configuration: `CachePolicy` and `CachePolicyConfig`. */
  readonly name: string;
  /** Below the version of the API: `cache-policy`. */
  readonly path: string;
  readonly shape: Shape<ResourceRecords[Kind]>;
  readonly newId: () => string;
  /** What must be unique among the account's own. */
  readonly nameOf: (config: ResourceRecords[Kind]) => string;
  /** @throws ServiceError where CloudFront would refuse it */
  readonly check: (config: ResourceRecords[Kind]) => void | Promise<void>;
  /** @throws ServiceError where a configuration must not become another. */
  readonly checkChange?: (from: ResourceRecords[Kind], to: ResourceRecords[Kind]) => void;
  readonly references?: (config: ResourceRecords[Kind]) => readonly Reference[];
  /** AWS's own, by id: anyone's to read, nobody's to change. */
  readonly managed?: Readonly<Record<string, ResourceRecords[Kind]>>;
  /** What stands between the id and the configuration. */
  readonly describe: (resource: StoredResource) => XmlContent;
  readonly list: ListStyle;
  /** One in a list. */
  readonly summarise: (resource: StoredResource, config: ResourceRecords[Kind]) => XmlContent;
  readonly errors: {
    readonly notFound: CloudFrontErrorCode;
    readonly alreadyExists: CloudFrontErrorCode;
    readonly inUse: CloudFrontErrorCode;
    readonly tooMany: CloudFrontErrorCode;
  };
}
