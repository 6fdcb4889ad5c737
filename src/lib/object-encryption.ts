/** How the bytes of a version are encrypted beyond what R2 does with all of them. */
export type ObjectEncryption =
  /** SSE-C: the key itself is nowhere; `proof` is its HMAC over `salt`, both in Base64. */
  | { readonly kind: "customer"; readonly salt: string; readonly proof: string }
  /** With a data key of this version's own. */
  | {
      readonly kind: "kms";
      readonly algorithm: "aws:kms" | "aws:kms:dsse";
      /** ARN. */
      readonly keyId: string;
      /** Encrypted under the KMS key, Base64. */
      readonly dataKey: string;
      /** The encryption context to which `dataKey` is bound, as the client sent it or as S3 makes it up. */
      readonly context: Readonly<Record<string, string>>;
      readonly bucketKeyEnabled: boolean;
    };
