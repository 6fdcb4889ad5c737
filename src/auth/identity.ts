import type { AccountCaller } from "./policy/evaluate.ts";

/** Who of an account asks. */
export type Principal = NonNullable<AccountCaller["principal"]> & {
  /** IAM's unique id: `AIDA…`, `AROA…:<session name>`. */
  readonly userId: string;
  /** Of users alone. */
  readonly userName?: string;
  /** Of the user or role, for `aws:PrincipalTag`. */
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
};

/** An account of this deployment, as other parts of the product see it. */
export interface Account {
  /** Twelve digits. */
  readonly id: string;
  /** The S3 canonical user id: 64 hexadecimal digits by default, any string if given. */
  readonly canonicalId: string;
  readonly displayName: string;
  readonly email: string;
  /** The account from the deployment's environment, which administers the others. */
  readonly root: boolean;
}

/** Who asks. Decided once by the gateway; policies and ACLs are evaluated against it. */
export type Identity =
  | { readonly kind: "anonymous" }
  | {
      readonly kind: "account";
      readonly account: Account;
      readonly accessKeyId: string;
      /** A user of the account, or a session of one of its roles. Absent: the account itself, its root. */
      readonly principal?: Principal;
    };

/** An access key with its secret in clear, as the signature check needs it. Never logged, never cached on disk. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: Account;
  readonly status: "Active" | "Inactive";
  /** Unique id of the user whose key it is. Absent: the account's own. */
  readonly userId?: string;
  /** Of a session, or of a user: who it is and what it may do. */
  readonly principal?: Principal;
}
