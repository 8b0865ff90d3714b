import { listenUrls, type Interfaces } from '#src/app/server/access/listen-addresses.js';

const of = (family: 'IPv4' | 'IPv6', address: string, internal = false): NonNullable<Interfaces['eth0']>[number] =>
  ({ family, address, internal }) as NonNullable<Interfaces['eth0']>[number];
const interfaces = {
  lo: [of('IPv4', '127.0.0.1', true), of('IPv6', '::1', true)],
  eth0: [of('IPv4', '192.168.1.20'), of('IPv6', 'fd00::20'), of('IPv6', 'fe80::20')],
  wlan0: undefined,
};

it.each([
  ['127.0.0.1', false, ['http://127.0.0.1:5001']],
  ['localhost', true, ['https://localhost:5001']],
  ['192.168.1.20', false, ['http://192.168.1.20:5001']],
  ['::1', false, ['http://[::1]:5001']],
  ['0.0.0.0', false, ['http://127.0.0.1:5001', 'http://192.168.1.20:5001']],
  [
    '::',
    true,
    ['https://127.0.0.1:5001', 'https://[::1]:5001', 'https://192.168.1.20:5001', 'https://[fd00::20]:5001'],
  ],
  ['0:0:0:0:0:0:0:0', false, expect.arrayContaining(['http://127.0.0.1:5001', 'http://[fd00::20]:5001'])],
])('%s is opened at addresses that exist', (host, isTls, urls) => {
  expect(listenUrls({ host, port: 5001, isTls }, interfaces)).toEqual(urls);
});
