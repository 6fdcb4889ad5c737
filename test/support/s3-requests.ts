import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

type BuildStep = (input: { request: unknown }) => Promise<unknown>;
interface Sendable {
  readonly middlewareStack: { add(step: (next: BuildStep) => BuildStep, options: { readonly step: "build" }): void };
}

/** The command with further headers, signed like its own. */
export function withHeaders<Command>(command: Command, headers: Readonly<Record<string, string>>): Command {
  (command as unknown as Sendable).middlewareStack.add(
    (next) => (input) => {
      Object.assign((input.request as { headers: Record<string, string> }).headers, headers);
      return next(input);
    },
    { step: "build" },
  );
  return command;
}

let made = 0;

/** A new bucket, on as many index objects as asked for. */
export async function makeBucket(
  client: S3Client,
  options: Omit<CreateBucketCommandInput, "Bucket"> & { readonly Bucket?: string; readonly shards?: number } = {},
): Promise<string> {
  const { shards = 1, ...input } = options;
  made += 1;
  const bucket = input.Bucket ?? `bucket-${made}`;
  await client.send(
    withHeaders(new CreateBucketCommand({ ...input, Bucket: bucket }), { "x-verge-index-shards": String(shards) }),
  );
  return bucket;
}

/** Puts an object for each key, its body being the key. */
export async function putKeys(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }))));
}

/** What S3 said to a call that must fail. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ readonly code: string; readonly status: number | undefined; readonly message: string }> {
  try {
    await call;
  } catch (error) {
    const failure = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { code: failure.name, status: failure.$metadata?.httpStatusCode, message: failure.message };
  }
  throw new Error("the call was to fail");
}
