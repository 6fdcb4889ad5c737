import type { Env } from "../env.ts";

/** Kinds of platform operations, as Cloudflare bills and limits them. */
export type PlatformOperation = "r2-class-a" | "r2-class-b" | "r2-free" | "durable-object" | "queue";

const R2_OPERATIONS: Readonly<Record<string, PlatformOperation>> = {
  put: "r2-class-a",
  list: "r2-class-a",
  createMultipartUpload: "r2-class-a",
  uploadPart: "r2-class-a",
  complete: "r2-class-a",
  get: "r2-class-b",
  head: "r2-class-b",
  delete: "r2-free",
  abort: "r2-free",
};

export type OnOperation = (operation: PlatformOperation, method: string) => void;

/**
 * The same bindings, each call reported before it is made. Whoever counts may throw to refuse it:
 * that is how a plan's limits hold locally, and how tests assert the budget of operations per call.
 */
export function meterEnv(env: Env, onOperation: OnOperation): Env {
  return {
    ...env,
    BLOBS: meterR2(env.BLOBS, onOperation),
    BUCKET_INDEX: meterNamespace(env.BUCKET_INDEX, onOperation),
    REGISTRY: meterNamespace(env.REGISTRY, onOperation),
    FUNCTION_REGISTRY: meterNamespace(env.FUNCTION_REGISTRY, onOperation),
    FUNCTION_EXECUTIONS: meterNamespace(env.FUNCTION_EXECUTIONS, onOperation),
    FUNCTION_EVENTS: meterNamespace(env.FUNCTION_EVENTS, onOperation),
    SCHEDULES: meterNamespace(env.SCHEDULES, onOperation),
    QUEUES: meterNamespace(env.QUEUES, onOperation),
    QUEUE_DIRECTORY: meterNamespace(env.QUEUE_DIRECTORY, onOperation),
    CDN_REGISTRY: meterNamespace(env.CDN_REGISTRY, onOperation),
    ORIGIN_SHIELD: meterNamespace(env.ORIGIN_SHIELD, onOperation),
    CDN_TRAFFIC: meterNamespace(env.CDN_TRAFFIC, onOperation),
    DISTRIBUTION: meterNamespace(env.DISTRIBUTION, onOperation),
    IAM_ACCOUNTS: meterNamespace(env.IAM_ACCOUNTS, onOperation),
    LOG_INDEX: meterNamespace(env.LOG_INDEX, onOperation),
    KMS_KEYS: meterNamespace(env.KMS_KEYS, onOperation),
    AUDIT_TRAILS: meterNamespace(env.AUDIT_TRAILS, onOperation),
    BACKGROUND: wrapMethods(env.BACKGROUND, (method) => onOperation("queue", method)),
  };
}

function meterR2<Binding extends R2Bucket | R2MultipartUpload>(binding: Binding, onOperation: OnOperation): Binding {
  return wrapMethods(
    binding,
    (method) => {
      const operation = R2_OPERATIONS[method];
      if (operation) onOperation(operation, method);
    },
    // An upload is an object of its own, whose calls count as well.
    (answer) => (isMultipartUpload(answer) ? meterR2(answer, onOperation) : answer),
  );
}

function isMultipartUpload(value: unknown): value is R2MultipartUpload {
  return typeof value === "object" && value !== null && "uploadPart" in value;
}

/** Looking an object up by name is free; each method called on its stub is an operation. */
function meterNamespace<Namespace extends object>(namespace: Namespace, onOperation: OnOperation): Namespace {
  return wrapMethods(
    namespace,
    () => {},
    (answer, method) =>
      method === "get" || method === "getByName"
        ? wrapMethods(answer as object, (called) => onOperation("durable-object", called))
        : answer,
  );
}

/** A proxy that reports each method call, and may replace what it answers. */
function wrapMethods<Target extends object>(
  target: Target,
  onCall: (method: string) => void,
  replace: (answer: unknown, method: string) => unknown = (answer) => answer,
): Target {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function" || typeof name !== "string") return member;
      return (...input: unknown[]) => {
        onCall(name);
        const answer: unknown = (target as Record<string, (...input: unknown[]) => unknown>)[name]!(...input);
        return answer instanceof Promise ? answer.then((value) => replace(value, name)) : replace(answer, name);
      };
    },
  });
}
