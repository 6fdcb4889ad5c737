import { createHmac } from "node:crypto";
import type { Verge } from "./server.ts";

/** Name and value pairs in the order in which they go out. */
export type Fields = readonly (readonly [name: string, value: string])[];

export interface PostForm {
  readonly bucket: string;
  readonly fields: Fields;
  /** Left out: the form has no file. `filename: null`: the file has no name. */
  readonly file?: { readonly body: string | Buffer; readonly filename?: string | null };
  /** Fields after the file. */
  readonly after?: Fields;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

export const BOUNDARY = "----VergeFormBoundary7MA4YWxk";

/** The form as a browser would send it. */
export function encodeForm({ fields, file, after = [] }: Omit<PostForm, "bucket">, boundary = BOUNDARY): Buffer {
  const encodeField = ([name, value]: readonly [string, string]) =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  const parts = fields.map(encodeField);
  if (file) {
    const { filename = "file.txt", body } = file;
    const name = filename === null ? "" : `; filename="${filename}"`;
    parts.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="file"${name}\r\n` +
          "Content-Type: application/octet-stream\r\n\r\n",
      ),
      Buffer.from(body),
      Buffer.from("\r\n"),
    );
  }
  return Buffer.concat([...parts, ...after.map(encodeField), Buffer.from(`--${boundary}--\r\n`)]);
}

export async function postForm(verge: Verge, form: PostForm): Promise<PostAnswer> {
  return postBytes(verge, form.bucket, encodeForm(form), `multipart/form-data; boundary=${BOUNDARY}`);
}

export async function postBytes(
  verge: Verge,
  bucket: string,
  body: Buffer,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<PostAnswer> {
  const answer = await fetch(`${verge.endpoint}/${bucket}`, {
    method: "POST",
    redirect: "manual",
    headers: { ...headers, "content-type": contentType },
    body: new Uint8Array(body),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    code: /<Code>(.*?)<\/Code>/.exec(text)?.[1],
    message: /<Message>(.*?)<\/Message>/s.exec(text)?.[1]?.replaceAll("&quot;", '"'),
  };
}

export interface PolicyOptions {
  readonly conditions: readonly unknown[];
  /** An hour from now when absent. */
  readonly expiration?: unknown;
}

/** The `policy` field. */
export function encodePolicy({ conditions, expiration = hoursFromNow(1) }: PolicyOptions): string {
  return Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
}

export function hoursFromNow(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}

type Keys = Pick<Verge, "accessKeyId" | "secretAccessKey" | "region">;

export interface SignOptions {
  readonly date?: Date;
  readonly region?: string;
  readonly service?: string;
}

/** The fields of a SigV4 signature, and the conditions that cover them. */
export function signerFields(
  keys: Keys,
  { date = new Date(), region = keys.region, service = "s3" }: SignOptions = {},
) {
  const timestamp = date.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const fields: Fields = [
    ["x-amz-algorithm", "AWS4-HMAC-SHA256"],
    ["x-amz-credential", `${keys.accessKeyId}/${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`],
    ["x-amz-date", timestamp],
  ];
  return {
    fields,
    conditions: fields.map(([name, value]) => ({ [name]: value })),
    scope: [timestamp.slice(0, 8), region, service],
  };
}

/** `policy` and `x-amz-signature`, with the fields that say who signs. */
export function signV4(keys: Keys, policy: PolicyOptions, options: SignOptions = {}): Fields {
  const { fields, conditions, scope } = signerFields(keys, options);
  const document = encodePolicy({ ...policy, conditions: [...policy.conditions, ...conditions] });
  const signingKey = [...scope, "aws4_request"].reduce<Buffer | string>(
    (key, text) => createHmac("sha256", key).update(text).digest(),
    `AWS4${keys.secretAccessKey}`,
  );
  const signature = createHmac("sha256", signingKey).update(document).digest("hex");
  return [...fields, ["policy", document], ["x-amz-signature", signature]];
}

/** The fields of a SigV2 signature over a policy as it stands. */
export function signV2(keys: Omit<Keys, "region">, document: string): Fields {
  const signature = createHmac("sha1", keys.secretAccessKey).update(document).digest("base64");
  return [
    ["AWSAccessKeyId", keys.accessKeyId],
    ["policy", document],
    ["signature", signature],
  ];
}
