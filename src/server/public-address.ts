/** Which addresses a client may make the server fetch from: those of the public internet. */
import ipaddr from 'ipaddr.js';

/** The only block of IPv6 that is given out to anyone (IANA, IPv6 Address Space, RFC 4291). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Looks public and is not: the platform that Azure's machines run on (Microsoft Learn, "What is IP address 168.63.129.16"). */
const AZURE_PLATFORM = '168.63.129.16';

/**
 * Private, loopback, link-local, multicast, carrier-grade NAT and reserved addresses are not public, and neither is an IPv6
 * address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo), whatever that is.
 *
 * @param address as a resolver gives it; anything else is not public
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address) || address === AZURE_PLATFORM) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
};
