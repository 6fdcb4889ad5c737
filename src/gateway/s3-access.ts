import type { Identity } from "../auth/identity.ts";
import {
  type AccessQuestion,
  decideAccess,
  isPlainlyOwn,
  needsAccountBlock,
  needsObject,
  type ObjectFacts,
} from "../auth/policy/authorize.ts";
import { explain } from "../auth/policy/decide-action.ts";
import type { Decision } from "../auth/policy/evaluate.ts";
import type { ConditionContext } from "../auth/policy/policy.ts";
import type { ServiceError } from "../lib/errors.ts";
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
  readonly #readsObject: boolean;
  /** Of the owners of buckets, as far as asked for. */
  #accountBlocks: Map<string, PublicAccessBlock | undefined> | undefined;
  /** Allowed as far as it is known without the object that it reads; `judge` decides when that is there. */
  #pending: AccessRequest | undefined;

  /**
   * `bucketName`: of the request, for what is about a bucket that does not exist yet. `readsObject`: the operation
   * reads the object in any case, and has it judged; asking for it before would be a second call of the index.
   */
  constructor(source: ConditionSource, bucketName: string, directory: Directory, readsObject = false) {
    this.#source = source;
    this.#context = conditionContext(source);
    this.#directory = directory;
    this.#resource = `arn:aws:s3:::${bucketName || "*"}`;
    this.#readsObject = readsObject;
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
    throw deny(decision);
  }

  /** Undefined where it is allowed; what would be thrown where it is not. */
  async refuse(access: AccessRequest, bucket: BucketClient | undefined): Promise<ServiceError | undefined> {
    const decision = await this.#settle(access, bucket);
    return decision.allowed ? undefined : deny(decision);
  }

  /** To be called with the object that an operation has read. @throws ServiceError AccessDenied */
  judge(object: ObjectRecord, config: BucketConfig): void {
    if (!this.#pending) return;
    const question = { ...this.#ask(this.#pending, config), object: factsOf(object) };
    const decision = decideAccess(question);
    if (!decision.allowed) throw deny(decision);
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
      ...this.#ask({ action: "s3:ListBucket", bucket: config.name }, config),
      context: (name) => (name === "s3:prefix" ? [key] : this.#context(name)),
    }).allowed;
  }

  async #decide(access: AccessRequest, bucket: BucketClient | undefined): Promise<Decision> {
    const config = bucket?.config;
    if (this.isPlain(config)) return PLAINLY_ALLOWED;
    if (config && needsAccountBlock(this.#ask(access, config))) await this.#loadAccountBlock(config.accountId);
    const question = this.#ask(access, config);
    if (!needsObject(question)) return decideAccess(question);
    if (this.#readsObject) {
      this.#pending = access;
      return PLAINLY_ALLOWED;
    }
    return decideAccess({ ...question, object: await findObjectFacts(bucket!, access) });
  }

  #ask(access: AccessRequest, config: BucketConfig | undefined): AccessQuestion {
    return {
      identity: this.identity,
      access,
      resource: this.#resource,
      config,
      accountBlock: config && this.#accountBlocks?.get(config.accountId),
      context: this.#context,
    };
  }

  async #loadAccountBlock(accountId: string): Promise<void> {
    const account = await this.#directory.findAccount(accountId);
    this.#accountBlocks ??= new Map();
    this.#accountBlocks.set(accountId, account?.publicAccessBlock);
  }
}

function deny(decision: Decision): ServiceError {
  return s3Error("AccessDenied").because(explain(decision));
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
