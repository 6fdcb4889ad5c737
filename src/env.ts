import type { BucketIndex } from "./metadata/bucket/bucket-index.ts";
import type { Registry } from "./metadata/registry/registry.ts";

/**
 * The bindings of `wrangler.toml` and the secrets and settings of a deployment. Written by hand:
 * secrets are optional here because a deployment may lack them, which `checkDeployment` refuses.
 */
export interface Env {
  readonly BLOBS: R2Bucket;
  readonly BUCKET_INDEX: DurableObjectNamespace<BucketIndex>;
  readonly REGISTRY: DurableObjectNamespace<Registry>;
  /** Host whose sub-hosts are `<bucket>.s3.<domain>` and so on. */
  readonly VERGE_DOMAIN?: string;
  /** The one region of the deployment. */
  readonly VERGE_REGION?: string;
  /** Secret: the access key of the root account. */
  readonly VERGE_ROOT_ACCESS_KEY_ID?: string;
  /** Secret: its secret key. */
  readonly VERGE_ROOT_SECRET_ACCESS_KEY?: string;
  /** Secret: encrypts what is secret at rest, and tags generated access-key ids. */
  readonly VERGE_MASTER_KEY?: string;
}
