import type { RequestListener } from 'node:http';
import { fetchPicture } from '#src/media/image/fetch-picture.js';
import { bypassesProxy } from '#src/io/net/no-proxy.js';
import { proxiedFetch, readProxies } from '#src/io/net/proxied-fetch.js';
import { authorizeByIdentity } from '#src/run/safety/azure-identity.js';
import { requestWithRetry } from '#src/run/safety/request-with-retry.js';
import { guardedRequest } from '#src/app/server/access/guarded-request.js';
import { withProxy, type FakeProxy } from '../../../support/fake-proxy.js';
import { withServer } from '../../../support/with-server.js';

const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
const clear = (): void => {
  for (const name of NAMES) Reflect.deleteProperty(process.env, name);
};
beforeEach(clear);
afterAll(() => {
  clear();
  for (const [name, value] of Object.entries(before)) if (value !== undefined) process.env[name] = value;
});

const hello: RequestListener = (request, response) => {
  response.end(`hello ${String(request.headers['x-name'])}`);
};

/** A server, and a proxy before it. */
const withBoth = (
  kind: Parameters<typeof withProxy>[0],
  use: (url: string, proxy: FakeProxy) => Promise<void>,
): Promise<void> => withServer(hello, (url) => withProxy(kind, (proxy) => use(url, proxy)));

const ask = async (url: string): Promise<string> =>
  (await proxiedFetch(url, { headers: new Headers({ 'x-name': 'ann' }), signal: new AbortController().signal })).text();

it('asks directly where no proxy is named', async () => {
  await withBoth({}, async (url, { seen }) => {
    process.env['HTTP_PROXY'] = '';
    process.env['NO_PROXY'] = 'example.org';
    expect(await ask(url)).toBe('hello ann');
    expect(seen).toEqual([]);
  });
});

it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])('asks through %s', async (name) => {
  await withBoth({}, async (url, proxy) => {
    process.env[name] = proxy.url.replace('http://', 'http://ann:s%20cret@');
    expect(await ask(url)).toBe('hello ann');
    expect(proxy.seen).toEqual([`CONNECT ${new URL(url).host} Basic ${btoa('ann:s cret')}`]);
  });
});

it('takes an address without a scheme, and small letters before large', async () => {
  await withBoth({}, async (url, proxy) => {
    process.env['http_proxy'] = proxy.url.replace('http://', '');
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
    expect(await ask(url)).toBe('hello ann');
    expect(proxy.seen.length).toBe(1);
  });
});

it('has plain requests forwarded by a proxy that opens tunnels for https alone', async () => {
  await withBoth({ tunnels: false }, async (url, proxy) => {
    process.env['HTTP_PROXY'] = proxy.url;
    expect(await ask(`${url}/a`)).toBe('hello ann');
    expect(await ask(`${url}/b`)).toBe('hello ann');
    expect(proxy.seen.at(0)).toBe(`CONNECT ${new URL(url).host}`);
    expect(proxy.seen.slice(-2)).toEqual([`GET ${url}/a`, `GET ${url}/b`]);
  });
});

it('asks for https through a tunnel, and for nothing else where that is refused', async () => {
  await withProxy({ tunnels: false }, async (proxy) => {
    process.env['HTTPS_PROXY'] = proxy.url;
    await expect(proxiedFetch('https://hub.example/model')).rejects.toMatchObject({
      cause: { message: 'the proxy refused the connection (HTTP 403)' },
    });
    expect(new Set(proxy.seen)).toEqual(new Set(['CONNECT hub.example:443']));
  });
});

it('a tunnel that is refused for https changes nothing for http', async () => {
  await withServer(hello, (url) =>
    withProxy({ tunnels: false }, (secure) =>
      withProxy({}, async (plain) => {
        process.env['HTTPS_PROXY'] = secure.url;
        process.env['HTTP_PROXY'] = plain.url;
        await expect(proxiedFetch('https://hub.example/model')).rejects.toThrow('fetch failed');
        expect(secure.seen).toEqual(['CONNECT hub.example:443']);
        expect(await ask(url)).toBe('hello ann');
        expect(plain.seen).toEqual([`CONNECT ${new URL(url).host}`]);
      }),
    ),
  );
});

it.each(['127.0.0.1', '127.0.0.1:PORT', '*', 'example.org, 127.0.0.1'])(
  'goes around it for NO_PROXY=%s',
  async (list) => {
    await withBoth({}, async (url, proxy) => {
      process.env['HTTP_PROXY'] = proxy.url;
      process.env['NO_PROXY'] = list.replace('PORT', new URL(url).port);
      expect(await ask(url)).toBe('hello ann');
      expect(proxy.seen).toEqual([]);
    });
  },
);

it.each(['http://', 'ftp://proxy.example', 'socks5://127.0.0.1:1080', '://x', 'http://ann:secret@'])(
  'says which variable is no address: %s',
  (text) => {
    expect(() => readProxies({ HTTPS_PROXY: text })).toThrow(
      expect.objectContaining({ code: 'USAGE_OPTION_INVALID', message: expect.stringMatching(/variable HTTPS_PROXY/) }),
    );
    expect(() => readProxies({ HTTPS_PROXY: text })).not.toThrow(/secret/);
  },
);

it('asks ALL_PROXY only for addresses whose kind has no variable of its own', async () => {
  const ALL_PROXY = 'socks5h://127.0.0.1:1';
  const own = 'http://proxy.example:3128';
  expect(readProxies({ ALL_PROXY, HTTPS_PROXY: own, http_proxy: own })).toEqual({
    httpProxy: own,
    httpsProxy: own,
    noProxy: '',
  });
  expect(() => readProxies({ ALL_PROXY })).toThrow(
    /ALL_PROXY .*found a SOCKS proxy, which is not supported.* or unset it$/,
  );
  await withBoth({}, async (url, proxy) => {
    process.env['ALL_PROXY'] = ALL_PROXY;
    process.env['HTTP_PROXY'] = proxy.url;
    expect(await ask(url)).toBe('hello ann');
    expect(proxy.seen).toEqual([`CONNECT ${new URL(url).host}`]);
    /* Going around the proxy would be a surprise. */
    await expect(ask(url.replace('http:', 'https:'))).rejects.toThrow('found a SOCKS proxy');
    process.env['HTTPS_PROXY'] = proxy.url;
    Reflect.deleteProperty(process.env, 'HTTP_PROXY');
    await expect(ask(url)).rejects.toThrow('found a SOCKS proxy');
    process.env['NO_PROXY'] = '127.0.0.1';
    expect(await ask(url)).toBe('hello ann');
  });
});

it('is left and met by redirects', async () => {
  await withServer(hello, (goal) =>
    withServer(
      (_, response) => response.writeHead(302, { location: goal }).end(),
      (start) =>
        withProxy({}, async (proxy) => {
          process.env['HTTP_PROXY'] = proxy.url;
          process.env['NO_PROXY'] = new URL(start).host;
          expect(await ask(start)).toBe('hello ann');
          expect(proxy.seen).toEqual([`CONNECT ${new URL(goal).host}`]);
        }),
    ),
  );
});

it.each([
  ['https://a.example.org', 'example.org', true],
  ['https://a.example.org', '.example.org', true],
  ['https://a.example.org', '*.EXAMPLE.org', true],
  ['https://example.org', '.example.org', true],
  ['https://badexample.org', 'example.org', false],
  ['https://example.org:8443', 'example.org:443', false],
  ['https://example.org', 'x, example.org:443', true],
  ['http://[::1]:80', '::1', true],
  ['http://[::1]:81', '[::1]:81', true],
  ['http://[::1]:81', '[::1]:82', false],
  ['http://10.0.0.1', '10.0.0.1 y', true],
  ['http://10.0.0.1', '', false],
  ['http://10.0.0.1', ' , ', false],
  ['http://anything', '*', true],
])('%s beside NO_PROXY=%j is asked directly: %s', (url, list, around) => {
  expect(bypassesProxy(new URL(url), list)).toBe(around);
});

describe('who asks how', () => {
  it('pictures of rows and services go through it', async () => {
    await withBoth({}, async (url, proxy) => {
      process.env['ALL_PROXY'] = proxy.url;
      expect(Buffer.from(await fetchPicture(`${url}/cat.png`)).toString()).toContain('hello');
      const signal = new AbortController().signal;
      expect(await requestWithRetry(new URL(url), {}, { signal, name: 'it' })).toMatchObject({ status: 200 });
      expect(proxy.seen.length).toBeGreaterThan(0);
    });
  });

  it('what a server’s clients name, and this machine’s own identity, go around it', async () => {
    await withBoth({}, async (url, proxy) => {
      process.env['ALL_PROXY'] = proxy.url;
      const request = guardedRequest({ isAllowed: () => true });
      await expect(fetchPicture(`${url}/cat.png`, { request })).resolves.toBeDefined();
      const identity = authorizeByIdentity({ IDENTITY_ENDPOINT: `${url}/token`, IDENTITY_HEADER: 'x' });
      await expect(identity({ signal: new AbortController().signal, name: 'it' })).rejects.toMatchObject({
        code: 'CONTENT_SAFETY_SETUP',
      });
      expect(proxy.seen).toEqual([]);
    });
  });
});
