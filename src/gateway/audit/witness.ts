import type { Identity } from "../../auth/identity.ts";

/**
 * What a request turned out to be, for the audit trail: the services tell it while they answer. It rides on the
 * request, so that whoever authenticates says who it was, and none has to remember.
 */
export interface Witness {
  /** Absent until its credentials were found good. */
  identity?: Identity;
  /** The account whose thing the request is about, where that may be another than the caller's. */
  ownerId?: string;
  /** Of its path, decoded. */
  parameters?: Readonly<Record<string, string>>;
  /** As it was sent, where a service has read it as a whole. */
  body?: Uint8Array;
  /** In the members of the service's model. */
  answer?: object;
  /** What it was answered with instead. */
  error?: unknown;
}
