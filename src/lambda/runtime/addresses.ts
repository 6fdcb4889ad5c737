/** Which hosts lie outside, as far as a name or an address tells (IANA special-purpose address registries). */

/** IPv4 ranges that are not the public Internet: first address, prefix length. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Names that never lead outside: RFC 6761, RFC 6762, RFC 8375, and what clouds call their metadata. */
const PRIVATE_NAMES = ["localhost", "local", "internal", "home.arpa", "intranet", "lan", "corp", "private", "test"];

/** Services that answer for the address within the name: `127.0.0.1.nip.io`, `app-10-0-0-1.sslip.io`. */
const ADDRESS_NAMES =
  /(?:^|\.)(?:nip\.io|sslip\.io|xip\.io|localtest\.me|lvh\.me|lacolhost\.com|vcap\.me|traefik\.me)$/;

/**
 * Whether a URL's host may be outside. `hostname` is as `URL` gives it: decimal, octal and hexadecimal IPv4
 * addresses are dotted there, and IPv6 is in its shortest form in brackets. What a name resolves to is for the
 * network to refuse.
 */
export function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicIpv6(hostname.slice(1, -1));
  const name = hostname.replace(/\.$/, "").toLowerCase();
  const address = parseIpv4(name);
  if (address !== undefined) return isPublicIpv4(address);
  if (!name.includes(".") || ADDRESS_NAMES.test(name)) return false;
  return !PRIVATE_NAMES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

function isPublicIpv4(address: number): boolean {
  return !PRIVATE_IPV4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    const start = parseIpv4(first) ?? 0;
    return address >= start && address < start + size;
  });
}

function isPublicIpv6(text: string): boolean {
  const groups = parseIpv6(text);
  if (groups === undefined) return false;
  const [first = 0, second = 0] = groups;
  const embedded = embeddedIpv4(groups);
  if (embedded !== undefined) return isPublicIpv4(embedded);
  // Global unicast is 2000::/3; 2001::/23 are protocols such as Teredo, 2001:db8::/32 and 3fff::/20 documentation.
  const isGlobal = first >= 0x2000 && first < 0x4000;
  return isGlobal && !(first === 0x2001 && (second < 0x200 || second === 0xdb8)) && first !== 0x3fff;
}

/** IPv4 within IPv6: mapped and compatible (`::/96`, `::ffff:0:0/96`), NAT64 (`64:ff9b::/96`), 6to4 (`2002::/16`). */
function embeddedIpv4(groups: readonly number[]): number | undefined {
  const [first = 0, second = 0, third = 0, , , sixth = 0, seventh = 0, eighth = 0] = groups;
  if (first === 0x2002) return second * 65_536 + third;
  const last = seventh * 65_536 + eighth;
  if (first === 0x64 && second === 0xff9b) return last;
  const leading = groups.slice(0, 5).every((group) => group === 0);
  return leading && (sixth === 0 || sixth === 0xffff) ? last : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<string>(tail === undefined ? 0 : missing).fill("0"), ...right];
  const numbers = groups.map((group) => Number.parseInt(group, 16));
  return numbers.every((value) => value >= 0 && value <= 0xffff) ? numbers : undefined;
}
