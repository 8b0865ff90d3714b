/** URLs of a listening server, and errors of one that cannot listen. */
import type { NetworkInterfaceInfo } from 'node:os';
import ipaddr from 'ipaddr.js';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';

export interface Listening {
  /** As given with --host. */
  host: string;
  port: number;
  isTls: boolean;
}

/** As `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** `0.0.0.0` and `::` mean all addresses of this machine, and are not addresses to open. */
const isEveryAddress = (host: string): boolean =>
  ipaddr.isValid(host) && /^(?:0\.0\.0\.0|::)$/.test(ipaddr.parse(host).toString());

/** @returns at least one URL, without a slash at the end, loopback first */
export const listenUrls = ({ host, port, isTls }: Listening, interfaces: Interfaces): string[] => {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const hosts = isEveryAddress(bare) ? ownAddresses(ipaddr.parse(bare).kind(), interfaces) : [bare];
  return hosts.map((name) => `${isTls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`);
};

/** `::` includes IPv4. Leaves out link-local addresses, which need an interface's name that URLs cannot contain. */
const ownAddresses = (kind: 'ipv4' | 'ipv6', interfaces: Interfaces): string[] => {
  const outer = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (kind === 'ipv6' || family === 'IPv4'))
    .map(({ address }) => address)
    .filter((address) => ipaddr.isValid(address) && ipaddr.parse(address).range() !== 'linkLocal');
  return ['127.0.0.1', ...(kind === 'ipv6' ? ['::1'] : []), ...outer];
};

/** @returns LISTEN_FAILED */
export const listenError = ({ host, port }: Omit<Listening, 'isTls'>, cause: unknown): RefineError =>
  new RefineError('LISTEN_FAILED', listenProblem(host, port, cause), { context: { host, port }, cause });

const listenProblem = (host: string, port: number, cause: unknown): string => {
  switch (systemCodeOf(cause) ?? '') {
    case 'EADDRINUSE':
      return (
        `Port ${port} of ${host} is in use by another program, perhaps another sdxl-refine serve. ` +
        `Give another --port (0: any free one), or end that program.`
      );
    case 'EACCES':
      return `This user may not listen on port ${port}. Give a --port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Give one as --host: 127.0.0.1 for this machine alone, 0.0.0.0 for all of its networks.`;
    default:
      return `Cannot listen on ${host}:${port}: ${messageOf(cause)} Give another --port or --host.`;
  }
};
