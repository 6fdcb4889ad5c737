import type { S3Client } from "@aws-sdk/client-s3";
import { createS3Client } from "./s3.ts";
import type { Verge } from "./server.ts";
import { callVerge } from "./verge-api.ts";

/** Another account of the deployment. */
export interface OtherAccount {
  readonly id: string;
  readonly canonicalId: string;
  readonly displayName: string;
  readonly email: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly s3: S3Client;
}

/** Adds an account, and answers it with a client of its own. */
export async function addAccount(verge: Verge, name: string): Promise<OtherAccount> {
  const email = `${name}@example.com`;
  const { account, key } = await callVerge<{
    account: Pick<OtherAccount, "id" | "canonicalId" | "displayName">;
    key: OtherAccount["credentials"];
  }>(verge, "POST", "/accounts", { name, displayName: name, email });
  const { id, canonicalId, displayName } = account;
  const credentials = { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey };
  return { id, canonicalId, displayName, email, credentials, s3: createS3Client(verge, { credentials }) };
}
