import { s3Error } from "./errors.ts";

/** workerd's words for a body that broke off: its client hung up, or its HTTP chunks were malformed. */
const LOST = "Network connection lost.";

/**
 * Answers what reading (or storing) the client's body answers. A body that broke off is the client's failure,
 * not an InternalError; RequestTimeout is what S3 says to those who send less than they announced, and what
 * SDKs try again.
 */
export async function readingBody<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error && error.message === LOST ? s3Error("RequestTimeout") : error;
  }
}
