/** What goes wrong with object storage, over S3's own protocol: each fault has its code and says how to mend it, in time. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { env } from 'node:process';
import { openStore } from '#src/io/store/open-store.js';
import { loadOpendal } from '#src/io/store/object/opendal.js';
import type { Store } from '#src/io/store/store.js';
import { missingOpendal } from '../../../support/emulators.js';
import { skipWhere } from '../../../support/skip-where.js';

const { it: itLoaded } = skipWhere(missingOpendal);

let server: Server;
let requests: string[];
let answer: { status: number; code: string; headers?: Record<string, string> } | 'silence' | 'cut' | 'text';
/** Requests that get `answer`; the others succeed. */
let failing: number;

beforeAll(async () => {
  server = createServer((request, reply) => {
    request.resume();
    request.on('end', () => {
      requests.push(request.method ?? '');
      if (requests.length > failing) {
        reply.writeHead(200, { etag: '"x"', 'content-length': '4' });
        reply.end(request.method === 'HEAD' ? undefined : 'data');
      } else if (answer === 'cut') request.socket.destroy();
      else if (answer === 'text') reply.end('a page of a proxy');
      else if (answer !== 'silence') {
        reply.writeHead(answer.status, { 'content-type': 'application/xml', ...answer.headers });
        reply.end(
          request.method === 'HEAD' ? undefined : `<Error><Code>${answer.code}</Code><Message>said</Message></Error>`,
        );
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
  failing = Infinity;
  Object.assign(env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'verysecretkey',
    AWS_REGION: 'eu-west-1',
    SDXL_REFINE_STORE_TIMEOUT: '1',
    SDXL_REFINE_STORE_RETRIES: '0',
  });
});

const WAYS: Record<string, (store: Store) => Promise<unknown>> = {
  read: (store) => store.read('x', { maxBytes: 10 }),
  stream: (store) => store.stream('x')[Symbol.asyncIterator]().next(),
  stat: (store) => store.stat('x'),
  writeNew: (store) => store.writeNew('x', Buffer.from('data')),
  write: (store) => store.write('x', Buffer.from('data')),
  list: (store) => store.list('')[Symbol.asyncIterator]().next(),
};
const ALL = Object.keys(WAYS);
const failureOf = async (way: string): Promise<{ code: string; message: string }> => {
  const store = await openStore('s3://bucket/prefix/');
  const thrown = await WAYS[way]!(store).then(
    () => ({ code: 'none', message: '' }),
    (error: unknown) => error as { code: string; message: string },
  );
  expect(thrown.message).not.toMatch(/AKIDEXAMPLE|verysecretkey/);
  return thrown;
};

itLoaded.each([
  [{ status: 403, code: 'AccessDenied' }, 'STORE_DENIED', /access denied.*right to read/s],
  [{ status: 403, code: 'RequestTimeTooSkewed' }, 'STORE_DENIED', /clock.*Set the clock/s],
  [{ status: 404, code: 'NoSuchBucket' }, 'STORE_MISSING', /no such bucket/],
  [{ status: 503, code: 'SlowDown' }, 'STORE_THROTTLED', /too many requests/],
  [{ status: 500, code: 'InternalError' }, 'STORE_UNAVAILABLE', /error 500/],
  [{ status: 301, code: 'PermanentRedirect' }, 'STORE_DENIED', /another region.*AWS_REGION/s],
] as const)('%j is %s', async (given, code, message) => {
  answer = given;
  for (const way of ALL) {
    if (way === 'stat' && given.status === 404) continue;
    const thrown = await failureOf(way);
    expect([way, thrown.code]).toEqual([way, code]);
    expect(thrown.message).toMatch(message);
    expect(thrown.message).toContain('s3://bucket/prefix/');
  }
});

itLoaded('says when there is no answer', async () => {
  answer = 'silence';
  for (const way of ['writeNew', 'list']) {
    const thrown = await failureOf(way);
    expect(thrown).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('no answer in time') });
  }
});

itLoaded('says when the connection breaks, or nothing listens', async () => {
  answer = 'cut';
  expect(await failureOf('writeNew')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
  expect(await failureOf('read')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

itLoaded('refuses an answer that is none of a store', async () => {
  answer = 'text';
  expect(await failureOf('list')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

itLoaded('tries again after an answer to slow down', async () => {
  answer = { status: 503, code: 'SlowDown' };
  env['SDXL_REFINE_STORE_RETRIES'] = '1';
  failing = 1;
  expect(await WAYS['writeNew']?.(await openStore('s3://bucket'))).toBe(true);
  expect(requests).toEqual(['PUT', 'PUT']);
});

itLoaded('takes a conflict of two conditional writes for a taken name, after trying again', async () => {
  answer = { status: 409, code: 'ConditionalRequestConflict' };
  env['SDXL_REFINE_STORE_RETRIES'] = '1';
  failing = 1;
  expect(await WAYS['writeNew']?.(await openStore('s3://bucket'))).toBe(true);
});

itLoaded('needs one request to write, two to read, one to look', async () => {
  failing = 0;
  const store = await openStore('s3://bucket');
  for (const [way, expected] of [
    ['writeNew', ['PUT']],
    ['read', ['HEAD', 'GET']],
    ['stat', ['HEAD']],
  ] as const) {
    requests = [];
    await WAYS[way]?.(store);
    expect(requests).toEqual(expected);
  }
});

it('makes no request before an object is asked for', async () => {
  await openStore('s3://bucket').catch(() => undefined);
  expect(requests).toEqual([]);
});

it.each([
  ['SDXL_REFINE_STORE_TIMEOUT', 'soon', 'USAGE_OPTION_INVALID'],
  ['SDXL_REFINE_STORE_RETRIES', '-1', 'USAGE_OPTION_INVALID'],
  ['AWS_ENDPOINT_URL', 'localhost:9000', 'STORE_URI_INVALID'],
  ['AWS_ENDPOINT_URL', 'http://user:verysecretkey@host', 'STORE_URI_INVALID'],
])('refuses %s=%s', async (variable, value, code) => {
  env[variable] = value;
  const opening = openStore('s3://bucket');
  await expect(opening).rejects.toMatchObject({ code });
  await expect(opening).rejects.not.toThrow('verysecretkey');
});

it('says how to get the library where it is missing, or does not load', async () => {
  const missing = Object.assign(new Error("Cannot find package 'opendal' imported from here"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  await expect(loadOpendal(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'STORE_LIBRARY_MISSING',
    message: expect.stringContaining('npm install --global opendal@'),
  });
  const unloadable = new Error("version `GLIBC_2.38' not found");
  await expect(loadOpendal(() => Promise.reject(unloadable))).rejects.toMatchObject({
    code: 'STORE_LIBRARY_MISSING',
    message: expect.stringContaining('GLIBC_2.38'),
  });
});
