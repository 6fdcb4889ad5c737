/** Limits of the runtime: Lambda's own where the platform allows them, else the platform's. */

const MIB = 1024 * 1024;

/** "Deployment package (.zip file archive) size, unzipped", Lambda quotas. */
export const MAX_UNZIPPED_BYTES = 262_144_000;

/** The Worker Loader takes 64 MiB of modules; the rest is the shim's. */
export const MAX_LOADED_BYTES = 62 * MIB;

/** Every file is a module of the isolate, compiled when it starts. */
export const MAX_FILES = 30_000;

/** "Invocation payload (request and response)", 6 MB and the room that Lambda adds for its own envelope. */
export const MAX_RESPONSE_BYTES = 6_291_556;
export const RESPONSE_TOO_LARGE = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;

/** Characters of log that one invocation may leave; what follows is dropped with a note. */
export const MAX_LOG_CHARACTERS = MIB;

/** Where Lambda unpacks a function. */
export const TASK_ROOT = "/var/task";

/** Where it unpacks layers. */
export const LAYER_ROOT = "/opt";

/** Where its runtimes keep what is theirs: the AWS SDK. */
export const RUNTIME_ROOT = "/var/runtime";

/**
 * How long the host waits beyond a function's time-out for the isolate's own answer. The isolate answers
 * first unless it is busy computing.
 */
export const HOST_GRACE_MS = 500;

/** Environments that one invocation asks before it gives up: those of other hosts may be busy. */
export const MAX_ATTEMPTS = 20;

/** Environments of one version that one host isolate starts at most: Lambda's default account concurrency. */
export const MAX_SLOTS = 1000;
