/** Checks whether an address is on the public internet, from which clients may make the server fetch. Pure. */
import ipaddr from 'ipaddr.js';

/** The only allocated block of global unicast IPv6 (IANA, IPv6 Address Space, RFC 4291). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** A public address that is Azure's platform (Microsoft Learn, "What is IP address 168.63.129.16"). */
const AZURE_PLATFORM = '168.63.129.16';

/**
 * Private, loopback, link-local, multicast, carrier-grade NAT and reserved addresses are not public. Padded, octal or
 * hexadecimal IPv4 counts as its number, and IPv6 that embeds IPv4 (mapped, compatible, translated, NAT64, 6to4, Teredo) as
 * every IPv4 address that it may embed.
 *
 * @param address in any form that resolvers return or accept; other text is not public
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === 'ipv4') return isPublicV4(parsed.toString());
  const embedded = embeddedAddresses(parsed as ipaddr.IPv6);
  if (embedded !== null) return embedded.length > 0 && embedded.every(isPublicV4);
  return parsed.range() === 'unicast' && (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
};

const isPublicV4 = (address: string): boolean =>
  address !== AZURE_PLATFORM && ipaddr.IPv4.parse(address).range() === 'unicast';

interface Carrier {
  block: ReturnType<typeof ipaddr.IPv6.parseCIDR>;
  /** Indices of the IPv4 address's four bytes among the sixteen, for each possible layout. */
  places: readonly (readonly number[])[];
  /** Whether all bits are inverted. */
  inverted?: boolean;
}

const LAST = [12, 13, 14, 15];
const CARRIERS: readonly Carrier[] = [
  /* Compatible and mapped (RFC 4291, 2.5.5), translated (RFC 2765), NAT64's well-known prefix (RFC 6052, 2.1). */
  ...['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'].map((block) => carrier(block, LAST)),
  /* Local NAT64 (RFC 8215), whose prefix may have several lengths (RFC 6052, 2.2). */
  carrier('64:ff9b:1::/48', [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], LAST),
  /* 6to4 (RFC 3056, 2). */
  carrier('2002::/16', [2, 3, 4, 5]),
  /* Teredo (RFC 4380, 4): its server, and its client with all bits inverted. */
  carrier('2001::/32', [4, 5, 6, 7]),
  { ...carrier('2001::/32', LAST), inverted: true },
];

function carrier(block: string, ...places: (readonly number[])[]): Carrier {
  return { block: ipaddr.IPv6.parseCIDR(block), places };
}

/** @returns the IPv4 addresses that an IPv6 address may embed; null: its block does not embed any */
const embeddedAddresses = (address: ipaddr.IPv6): string[] | null => {
  const carriers = CARRIERS.filter(({ block }) => address.match(block));
  if (carriers.length === 0) return null;
  const bytes = address.toByteArray();
  const embedded = carriers.flatMap(({ places, inverted = false }) =>
    places.map((place) => place.map((at) => (bytes[at] ?? 0) ^ (inverted ? 0xff : 0)).join('.')),
  );
  /* Of several layouts, those that give 0.0.0.0/8 are not meant: no network routes it (RFC 1122, 3.2.1.3). */
  return carriers.some(({ places }) => places.length > 1) ? embedded.filter((v4) => !v4.startsWith('0.')) : embedded;
};
