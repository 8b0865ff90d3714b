/** What a client may not make the server fetch from, in the forms that people have tried. */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { fetchPicture } from '#src/media/image/fetch-picture.js';
import { guardedRequest, type Resolve } from '#src/app/server/access/guarded-request.js';
import { isPublicAddress } from '#src/app/server/access/public-address.js';
import { withServer } from '../../../../support/with-server.js';

/** Answers from a table; what is not in it is a public address. */
const resolver =
  (table: Readonly<Record<string, string[]>>): Resolve =>
  (host, _options, done) => {
    const addresses = table[host] ?? ['93.184.215.14'];
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: isIP(address) })),
    );
  };

/** The whole way of a URL of a request. `isAllowed` stays the real one. */
const fetchGuarded = (url: string, resolve: Resolve = resolver({})): Promise<Uint8Array> =>
  fetchPicture(url, { request: guardedRequest({ resolve }), timeoutMs: 2000 });

const FORBIDDEN = [
  ['loopback', 'http://127.0.0.1/'],
  ['all of loopback', 'http://127.255.255.254/'],
  ['IPv4, octal', 'http://0177.0.0.1/'],
  ['IPv4, long octal', 'http://00000177.00000000.00000000.00000001/'],
  ['IPv4, hexadecimal parts', 'http://0x7f.0x0.0x0.0x1/'],
  ['IPv4, hexadecimal number', 'http://0x7f000001/'],
  ['IPv4, dword', 'http://2130706433/'],
  ['IPv4, octal number', 'http://017700000001/'],
  ['IPv4, two parts', 'http://127.1/'],
  ['IPv4, three parts', 'http://127.0.1/'],
  ['IPv4, mixed', 'http://0x7f.1/'],
  ['IPv4 with a dot at its end', 'http://127.0.0.1./'],
  ['IPv4, full-width digits', 'http://１２７.０.０.１/'],
  ['IPv4, percent-encoded', 'http://%31%32%37.0.0.1/'],
  ['IPv4 with a port', 'http://127.0.0.1:6379/'],
  ['unspecified', 'http://0.0.0.0/'],
  ['unspecified, short', 'http://0/'],
  ['"this" network', 'http://0.1.2.3/'],
  ['private, class A', 'http://10.0.0.1/'],
  ['private, class B', 'http://172.31.255.254/'],
  ['private, class C', 'http://192.168.1.1/'],
  ['link-local, where clouds keep their secrets', 'http://169.254.169.254/latest/meta-data/'],
  ['the same as a dword', 'http://2852039166/'],
  ['carrier-grade NAT', 'http://100.100.100.200/'],
  ['the platform of Azure', 'http://168.63.129.16/'],
  ['multicast', 'http://224.0.0.1/'],
  ['broadcast', 'http://255.255.255.255/'],
  ['reserved', 'http://240.0.0.1/'],
  ['benchmarking', 'http://198.18.0.1/'],
  ['documentation', 'http://192.0.2.1/'],
  ['protocol assignments', 'http://192.0.0.192/'],
  ['IPv6 loopback', 'http://[::1]/'],
  ['IPv6 loopback, long', 'http://[0000:0000:0000:0000:0000:0000:0000:0001]/'],
  ['IPv6 unspecified', 'http://[::]/'],
  ['IPv4-mapped', 'http://[::ffff:127.0.0.1]/'],
  ['IPv4-mapped, hexadecimal', 'http://[::ffff:7f00:1]/'],
  ['IPv4-compatible', 'http://[::127.0.0.1]/'],
  ['IPv4-translated', 'http://[::ffff:0:127.0.0.1]/'],
  ['NAT64', 'http://[64:ff9b::7f00:1]/'],
  ['NAT64, local', 'http://[64:ff9b:1::a00:1]/'],
  ['NAT64, local, of a shorter prefix', 'http://[64:ff9b:1:a00:0:100::]/'],
  ['6to4', 'http://[2002:7f00:1::]/'],
  ['Teredo', 'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/'],
  ['unique local', 'http://[fd00:ec2::254]/'],
  ['IPv6 link-local', 'http://[fe80::1]/'],
  ['IPv6 site-local', 'http://[fec0::1]/'],
  ['IPv6 multicast', 'http://[ff02::1]/'],
  ['IPv6 documentation', 'http://[2001:db8::1]/'],
  ['IPv6 discard', 'http://[100::1]/'],
  ['IPv6, not given out', 'http://[4000::1]/'],
] as const;

it.each(FORBIDDEN)('%s is not fetched: %s', async (_what, url) => {
  await expect(fetchGuarded(url)).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
});

const NAMES: Readonly<Record<string, string[]>> = {
  'inside.test': ['10.1.2.3'],
  'both.test': ['93.184.215.14', '127.0.0.1'],
  'six.test': ['::1'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'empty.test': [''],
};

it.each(Object.keys(NAMES))('a name that means another machine inside is not fetched: %s', async (host) => {
  await expect(fetchGuarded(`http://${host}/`, resolver(NAMES))).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
});

it('localhost is not fetched, whatever resolves it', async () => {
  const request = guardedRequest();
  await expect(fetchPicture('http://localhost:9/', { request })).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
});

it.each(['file:///etc/passwd', 'ftp://example.com/a.png', 'gopher://127.0.0.1:70/', 'http://user:secret@example.com/'])(
  'only http and https without a password are fetched: %s',
  async (url) => {
    await expect(fetchGuarded(url)).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
  },
);

it('a public address is public', () => {
  expect(['8.8.8.8', '93.184.215.14', '2606:4700::6810:84e5', '2a00:1450:4001:81b::200e'].every(isPublicAddress)).toBe(
    true,
  );
});

/** A test's server is on this machine: its one address passes, and nothing else changes. */
const allowingOnly =
  (allowed: string) =>
  (address: string): boolean =>
    address === allowed || isPublicAddress(address);

describe('a server that may be fetched from', () => {
  it('is connected to at the address that was checked, though the name means another a moment later', async () => {
    let asked = 0;
    const rebinding: Resolve = (_host, _options, done) => {
      asked++;
      done(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
    };
    const request = guardedRequest({ resolve: rebinding, isAllowed: allowingOnly('127.0.0.1') });
    await withServer(
      (incoming, answer) => answer.end(incoming.socket.localAddress),
      async (url) => {
        const { port } = new URL(url);
        const bytes = await fetchPicture(`http://rebinding.test:${port}/a.png`, { request });
        expect(Buffer.from(bytes).toString()).toMatch(/127\.0\.0\.1$/);
        expect(asked).toBe(1);
        /* The name is looked up, and checked, for every connection. */
        await expect(fetchPicture(`http://rebinding.test:${port}/a.png`, { request })).rejects.toMatchObject({
          code: 'URL_FORBIDDEN',
        });
      },
    );
  });

  it.each(['http://127.0.0.2/', 'http://0x7f000002/', 'http://[::1]/', '//10.0.0.1/', 'http://inside.test/'])(
    'cannot redirect to a forbidden address: %s',
    async (location) => {
      const resolve = resolver({ ...NAMES, 'outside.test': ['127.0.0.1'] });
      const request = guardedRequest({ resolve, isAllowed: allowingOnly('127.0.0.1') });
      await withServer(
        (_incoming, answer) => answer.writeHead(302, { location }).end(),
        async (url) => {
          const start = `http://outside.test:${new URL(url).port}/`;
          await expect(fetchPicture(start, { request })).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
        },
      );
    },
  );

  it.each([
    ['text/html; charset=utf-8', false],
    ['application/json', false],
    ['image/png', true],
    ['image/svg+xml', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('sends %s: taken for a picture: %s', async (type, isTaken) => {
    const request = guardedRequest({ isAllowed: allowingOnly('127.0.0.1') });
    await withServer(
      (_incoming, answer) => answer.writeHead(200, type === undefined ? {} : { 'content-type': type }).end('bytes'),
      async (url) => {
        const fetched = fetchPicture(url, { request });
        if (isTaken) expect(Buffer.from(await fetched).toString()).toBe('bytes');
        else
          await expect(fetched).rejects.toMatchObject({
            code: 'IMAGE_FETCH_FAILED',
            message: expect.stringContaining(type!),
          });
      },
    );
  });

  it('is left when it sends too much, or takes too long', async () => {
    const request = guardedRequest({ isAllowed: allowingOnly('127.0.0.1') });
    await withServer(
      (incoming, answer) => {
        answer.writeHead(200);
        if (incoming.url === '/slow') answer.write('a');
        else for (let sent = 0; sent < 64; sent++) answer.write(Buffer.alloc(1024));
      },
      async (url) => {
        await expect(fetchPicture(url, { request, maxBytes: 4096 })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
        await expect(fetchPicture(`${url}/slow`, { request, timeoutMs: 200 })).rejects.toMatchObject({
          code: 'IMAGE_FETCH_FAILED',
        });
      },
    );
  });
});
