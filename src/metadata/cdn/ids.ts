const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH = 13;
/** Bytes from here on would make the first letters likelier than the rest. */
const UNBIASED = 256 - (256 % ALPHABET.length);

/**
 * An identifier as CloudFront's look: a letter for what it names (`E` a distribution, `I` an invalidation, …)
 * and 13 random upper-case letters and digits. Cases never matter, so that it can be a label of a host.
 */
export function newCdnId(letter: string): string {
  let id = letter;
  while (id.length < LENGTH + 1) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * LENGTH))) {
      if (byte < UNBIASED && id.length < LENGTH + 1) id += ALPHABET[byte % ALPHABET.length];
    }
  }
  return id;
}

export function formatDistributionArn(accountId: string, id: string): string {
  return `arn:aws:cloudfront::${accountId}:distribution/${id}`;
}
