/** An address, or a range of them in CIDR notation (RFC 4632, RFC 4291). */
export interface IpRange {
  readonly version: 4 | 6;
  readonly bits: bigint;
  readonly prefix: number;
}

/** Reads `203.0.113.0/24`, `2001:db8::/32`, or one address; undefined for anything else. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf("/");
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  const width = address.version === 4 ? 32 : 128;
  if (slash < 0) return { ...address, prefix: width };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined;
  return { ...address, prefix: Number(length) };
}

/** Whether `inner` lies in `outer`. */
export function includesRange(outer: IpRange, inner: IpRange): boolean {
  if (outer.version !== inner.version || inner.prefix < outer.prefix) return false;
  const shift = BigInt((outer.version === 4 ? 32 : 128) - outer.prefix);
  return outer.bits >> shift === inner.bits >> shift;
}

function parseIp(text: string): Pick<IpRange, "version" | "bits"> | undefined {
  if (!text.includes(":")) {
    const bits = parseIpv4(text);
    return bits === undefined ? undefined : { version: 4, bits };
  }
  const bits = parseIpv6(text);
  if (bits === undefined) return undefined;
  // `::ffff:192.0.2.1` is the IPv4 address, however the client came.
  return bits >> 32n === 0xffffn ? { version: 4, bits: bits & 0xffff_ffffn } : { version: 6, bits };
}

function parseIpv4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256)) return undefined;
  return octets.reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded) {
    const bits = parseIpv4(embedded[2]!);
    if (bits === undefined) return undefined;
    return parseIpv6(`${embedded[1]}${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
