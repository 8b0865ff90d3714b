/** Which addresses a client may make the server fetch from: those of the public internet. Pure. */
import ipaddr from 'ipaddr.js';

/** The only block of IPv6 that is given out to anyone (IANA, IPv6 Address Space, RFC 4291). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Looks public and is not: the platform that Azure's machines run on (Microsoft Learn, "What is IP address 168.63.129.16"). */
const AZURE_PLATFORM = '168.63.129.16';

/**
 * Private, loopback, link-local, multicast, carrier-grade NAT and reserved addresses are not public. An address that stands for
 * another is judged by what it stands for: padded, octal or hexadecimal IPv4 by the number it is, IPv6 that carries IPv4
 * (mapped, compatible, translated, NAT64, 6to4, Teredo) by every IPv4 address that it may carry.
 *
 * @param address as a resolver gives or takes it; anything else is not public
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === 'ipv4') return isPublicV4(parsed.toString());
  const carried = carriedBy(parsed as ipaddr.IPv6);
  if (carried !== null) return carried.length > 0 && carried.every(isPublicV4);
  return parsed.range() === 'unicast' && (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
};

const isPublicV4 = (address: string): boolean =>
  address !== AZURE_PLATFORM && ipaddr.IPv4.parse(address).range() === 'unicast';

interface Carrier {
  block: ReturnType<typeof ipaddr.IPv6.parseCIDR>;
  /** Where the four bytes of an IPv4 address may lie in the sixteen, one place a way to read them. */
  places: readonly (readonly number[])[];
  /** Bits are turned round. */
  inverted?: boolean;
}

const LAST = [12, 13, 14, 15];
const CARRIERS: readonly Carrier[] = [
  /* Compatible and mapped (RFC 4291, 2.5.5), translated (RFC 2765), NAT64's well-known prefix (RFC 6052, 2.1). */
  ...['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'].map((block) => carrier(block, LAST)),
  /* NAT64 within a network (RFC 8215): how long its prefix is, only the network knows (RFC 6052, 2.2). */
  carrier('64:ff9b:1::/48', [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], LAST),
  /* 6to4 (RFC 3056, 2). */
  carrier('2002::/16', [2, 3, 4, 5]),
  /* Teredo (RFC 4380, 4): its server, and the client behind it with every bit turned round. */
  carrier('2001::/32', [4, 5, 6, 7]),
  { ...carrier('2001::/32', LAST), inverted: true },
];

function carrier(block: string, ...places: (readonly number[])[]): Carrier {
  return { block: ipaddr.IPv6.parseCIDR(block), places };
}

/** @returns the IPv4 addresses that an IPv6 address may carry; null: it is of no block that carries any */
const carriedBy = (address: ipaddr.IPv6): string[] | null => {
  const carriers = CARRIERS.filter(({ block }) => address.match(block));
  if (carriers.length === 0) return null;
  const bytes = address.toByteArray();
  const carried = carriers.flatMap(({ places, inverted = false }) =>
    places.map((place) => place.map((at) => (bytes[at] ?? 0) ^ (inverted ? 0xff : 0)).join('.')),
  );
  /* Where there are several places, the empty ones carry nothing: no network routes 0.0.0.0/8 (RFC 1122, 3.2.1.3). */
  return carriers.some(({ places }) => places.length > 1) ? carried.filter((v4) => !v4.startsWith('0.')) : carried;
};
