import type { Identity } from "../auth/identity.ts";
import {
  type AccessQuestion,
  decideAccess,
  isPlainlyOwn,
  needsAccountBlock,
  needsObject,
  type ObjectFacts,
} from "../auth/policy/authorize.ts";
import type { Decision } from "../auth/policy/evaluate.ts";
import type { ConditionContext } from "../auth/policy/policy.ts";
import type { AccessRequest } from "../lib/operation.ts";
import type { BucketClient } from "../metadata/bucket/client.ts";
import type { PublicAccessBlock } from "../metadata/bucket/documents.ts";
import type { BucketConfig, GetObjectOutcome, ObjectRecord } from "../metadata/bucket/protocol.ts";
import type { Directory } from "../metadata/registry/directory.ts";
import { conditionContext, type ConditionSource } from "../s3/condition-keys.ts";
import { s3Error } from "../s3/errors.ts";

const PLAINLY_ALLOWED: Decision = { allowed: true, reason: "Allow: the account itself" };
const READS: ReadonlySet<string> = new Set(["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"]);

/**
 * Decides what one request may do, with what has to be known for it: nothing for the owner of a plain bucket,
 * what is blocked for the whole account for strangers, an object's owner, ACL and tags where they matter.
 */
export class S3Access {
  readonly #source: ConditionSource;
  readonly #context: ConditionContext;
  readonly #directory: Directory;
  readonly #resource: string;
  readonly #accountBlocks = new Map<string, PublicAccessBlock | undefined>();

  /** `bucketName`: of the request, for what is about a bucket that does not exist yet. */
  constructor(source: ConditionSource, bucketName: string, directory: Directory) {
    this.#source = source;
    this.#context = conditionContext(source);
    this.#directory = directory;
    this.#resource = `arn:aws:s3:::${bucketName || "*"}`;
  }

  get identity(): Identity {
    return this.#source.identity;
  }

  /** Whether nothing has to be looked at. */
  isPlain(config: BucketConfig | undefined): boolean {
    const { identity } = this.#source;
    if (config) return isPlainlyOwn(identity, config);
    return identity.kind === "account" && identity.principal === undefined;
  }

  /** Throws AccessDenied unless it is allowed; NoSuchKey where there is nothing to read and the caller may know it. */
  async check(access: AccessRequest, bucket: BucketClient | undefined): Promise<void> {
    const decision = await this.#settle(access, bucket);
    if (decision.allowed) return;
    if (bucket && !decision.explicit && (await this.#mayKnowMissing(access, bucket))) {
      throw s3Error("NoSuchKey", { detail: { Key: access.key! } });
    }
    throw s3Error("AccessDenied");
  }

  async allows(access: AccessRequest, bucket: BucketClient | undefined): Promise<boolean> {
    return (await this.#settle(access, bucket)).allowed;
  }

  async #settle(access: AccessRequest, bucket: BucketClient | undefined): Promise<Decision> {
    const decision = await this.#decide(access, bucket);
    if (decision.allowed || !bucket || bucket.isConfirmed) return decision;
    // What is allowed is decided again when the index knows better; what is refused would never get there.
    await bucket.currentConfig();
    return this.#decide(access, bucket);
  }

  /** Whether a read fails for want of an object, and the caller may list such keys (GetObject, "Permissions"). */
  async #mayKnowMissing(access: AccessRequest, bucket: BucketClient): Promise<boolean> {
    const { action, key } = access;
    if (key === undefined || !READS.has(action) || this.hidesMissing(key, bucket.config)) return false;
    return (await findObjectFacts(bucket, access)) === "missing";
  }

  /**
   * Whether the caller must not learn that a key does not exist: that takes the right to list keys that begin so
   * (GetObject, "Permissions"). To be asked after something of the bucket was allowed.
   */
  hidesMissing(key: string, config: BucketConfig): boolean {
    if (this.isPlain(config)) return false;
    return !decideAccess({
      identity: this.identity,
      access: { action: "s3:ListBucket", bucket: config.name },
      config,
      accountBlock: this.#accountBlocks.get(config.accountId),
      context: (name) => (name === "s3:prefix" ? [key] : this.#context(name)),
    }).allowed;
  }

  async #decide(access: AccessRequest, bucket: BucketClient | undefined): Promise<Decision> {
    const config = bucket?.config;
    if (this.isPlain(config)) return PLAINLY_ALLOWED;
    const question: AccessQuestion = {
      identity: this.identity,
      access,
      resource: this.#resource,
      config,
      context: this.#context,
    };
    const accountBlock = needsAccountBlock(question) ? await this.#findAccountBlock(config!.accountId) : undefined;
    const object = needsObject(question) ? await findObjectFacts(bucket!, access) : undefined;
    return decideAccess({ ...question, accountBlock, object });
  }

  async #findAccountBlock(accountId: string): Promise<PublicAccessBlock | undefined> {
    const account = await this.#directory.findAccount(accountId);
    this.#accountBlocks.set(accountId, account?.publicAccessBlock);
    return account?.publicAccessBlock;
  }
}

async function findObjectFacts(
  bucket: BucketClient,
  { key = "", versionId }: AccessRequest,
): Promise<ObjectFacts | "missing"> {
  const outcome = await bucket.read(key, (index, plain): Promise<GetObjectOutcome> =>
    index.getObject({ ...plain, key, withBody: false, ...(versionId !== undefined && { versionId }) }),
  );
  return "object" in outcome ? factsOf(outcome.object) : "missing";
}

function factsOf({ ownerId, attributes: { tags, acl } }: ObjectRecord): ObjectFacts {
  return { ownerId, ...(tags && { tags }), ...(acl && { acl }) };
}
