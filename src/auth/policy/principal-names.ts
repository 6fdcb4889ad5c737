const PRINCIPAL = /^(?:arn:aws:(?:iam|sts)::)?(\d{12})(?:$|:(?:root$|(?:user|role|assumed-role|federated-user)\/.))/;

/** The account of an `AWS` principal: an account's id, or the ARN of its root, of a user, a role or a session. */
export function accountOfPrincipal(name: string): string | undefined {
  return PRINCIPAL.exec(name)?.[1];
}
