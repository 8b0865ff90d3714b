/** Real requests to a server on this machine. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchPicture } from '#src/media/image/fetch-picture.js';
import { MAX_FETCH_BYTES } from '#src/media/image/limits.js';
import { isRefineError } from '#src/errors.js';

const redirect =
  (to: string): RequestListener =>
  (_, response) =>
    response.writeHead(302, { location: to }).end();
const status =
  (code: number): RequestListener =>
  (_, response) =>
    response.writeHead(code).end('<h1>no</h1>');

/** Writes until the reader hangs up. */
const pour = (response: ServerResponse): void => {
  const chunk = Buffer.alloc(2 ** 20);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
};

const seen: IncomingMessage[] = [];
const routes: Record<string, RequestListener> = {
  '/picture.png': (_, response) => response.end('picture'),
  '/slow': (_, response) => response.write('begins'),
  '/endless': (_, response) => {
    pour(response);
  },
  '/announced': (_, response) => response.writeHead(200, { 'content-length': MAX_FETCH_BYTES + 1 }).write('x'),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('x', () => response.destroy());
  },
  '/empty': (_, response) => response.end(),
  '/missing': status(404),
  '/gone': status(410),
  '/forbidden': status(403),
  '/broken': status(500),
  '/not-modified': status(304),
  '/once': redirect('/picture.png'),
  '/loop': redirect('/loop'),
  '/to-file': redirect('file:///etc/passwd'),
  '/to-data': redirect('data:text/plain,x'),
  '/to-password': redirect('http://user:hidden@127.0.0.1/'),
  '/to-nonsense': redirect('http://['),
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`/hop-${n}`, redirect(n === 1 ? '/once' : `/hop-${n - 1}`)])),
};

const server = createServer((request, response) => {
  seen.push(request);
  const route = routes[new URL(request.url ?? '', 'http://x').pathname];
  (route ?? status(404))(request, response);
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
});

const failure = (code: string, reason: RegExp): object => ({ code, message: expect.stringMatching(reason) as string });

it.each(['/picture.png', '/once', '/hop-4'])('%s gives the bytes', async (path) => {
  expect(Buffer.from(await fetchPicture(base + path)).toString()).toBe('picture');
});

it.each([
  ['/missing', 'IMAGE_NOT_FOUND', /HTTP 404/],
  ['/gone', 'IMAGE_NOT_FOUND', /HTTP 410/],
  ['/forbidden', 'IMAGE_FETCH_FAILED', /403 Forbidden/],
  ['/broken', 'IMAGE_FETCH_FAILED', /500/],
  ['/not-modified', 'IMAGE_FETCH_FAILED', /304/],
  ['/empty', 'IMAGE_UNREADABLE', /an empty response/],
  ['/cut', 'IMAGE_FETCH_FAILED', /cannot be fetched/],
  ['/loop', 'IMAGE_FETCH_FAILED', /redirects more than 5 times/],
  ['/to-file', 'IMAGE_FETCH_FAILED', /only http and https/],
  ['/to-data', 'IMAGE_FETCH_FAILED', /only http and https/],
  ['/to-nonsense', 'IMAGE_FETCH_FAILED', /not a valid URL/],
  ['/announced', 'IMAGE_TOO_LARGE', /at most 67108864 bytes/],
  ['/endless', 'IMAGE_TOO_LARGE', /at most 67108864 bytes/],
])('%s fails with %s', async (path, code, reason) => {
  await expect(fetchPicture(base + path)).rejects.toMatchObject(failure(code, reason));
});

it('five redirects are followed, and not a sixth', async () => {
  await expect(fetchPicture(`${base}/hop-4`)).resolves.toHaveLength(7);
  expect(seen).toHaveLength(6);
  await expect(fetchPicture(`${base}/hop-5`)).rejects.toMatchObject(failure('IMAGE_FETCH_FAILED', /more than 5/));
});

it.each([
  ['no URL', 'http//x', /not a valid URL/],
  ['another scheme', 'ftp://127.0.0.1/a.png', /only http and https/],
  ['a port that fetch forbids', 'http://127.0.0.1:1/a.png', /bad port/],
  ['a name that does not exist', 'http://picture.invalid/a.png', /cannot be fetched: getaddrinfo/],
])('%s fails', async (_, url, reason) => {
  await expect(fetchPicture(url)).rejects.toMatchObject(failure('IMAGE_FETCH_FAILED', reason));
});

it.each(['127.0.0.1', 'localhost'])('a closed port of %s is said to be refused', async (host) => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const fetching = fetchPicture(`http://${host}:${port}/a.png`);
  await expect(fetching).rejects.toMatchObject(failure('IMAGE_FETCH_FAILED', /ECONNREFUSED/));
});

it.each(['/missing?sig=hidden', '/forbidden?sig=hidden', '/endless?sig=hidden', '/to-password'])(
  'the error of %s keeps secrets',
  async (path) => {
    const error: unknown = await fetchPicture(base + path, { maxBytes: 10 }).catch((thrown: unknown) => thrown);
    if (!isRefineError(error)) throw error;
    expect(error.message + JSON.stringify(error.context)).not.toContain('hidden');
  },
);

it('a body that does not end in time fails', async () => {
  await expect(fetchPicture(`${base}/slow`, { timeoutMs: 150 })).rejects.toMatchObject(
    failure('IMAGE_FETCH_FAILED', /longer than 0.15 s/),
  );
});

it('a signal ends the transfer', async () => {
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort();
  }, 100);
  await expect(fetchPicture(`${base}/slow`, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
});

it('a signal that was given before sends nothing', async () => {
  const fetching = fetchPicture(`${base}/picture.png`, { signal: AbortSignal.abort() });
  await expect(fetching).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(seen).toHaveLength(0);
});

it('a guard sees every hop before it is asked', async () => {
  const asked: string[] = [];
  const request: typeof fetch = (url, init) => {
    asked.push(new Request(url).url);
    return fetch(url, init);
  };
  await fetchPicture(`${base}/hop-1`, { request });
  expect(asked).toEqual([`${base}/hop-1`, `${base}/once`, `${base}/picture.png`]);
});
