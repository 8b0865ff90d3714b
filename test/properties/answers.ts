/** Answers of other machines: the hub's, a content-safety service's; and what the environment says of proxies. */
import { ok, strictEqual } from 'node:assert';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { readProxies } from '#src/io/net/proxied-fetch.js';
import { bypassesProxy } from '#src/io/net/no-proxy.js';
import { readRepository } from '#src/models/hub/read-repository.js';
import { chooseFiles } from '#src/models/hub/choose-files.js';
import { azureScreener } from '#src/run/safety/azure-screener.js';
import { parseBlockAt } from '#src/run/safety/block-at.js';
import { AZURE_SCALE } from '#src/run/safety/azure-screener.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';
import { textOf } from './texts.js';

interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

let server: Server | null = null;
let answers: (url: string) => Answer = () => ({ status: 500, headers: {}, body: Buffer.alloc(0) });

/** A server of this machine that answers as the property at hand wants. It does not keep the process alive. */
const address = async (): Promise<string> => {
  if (server === null) {
    const made = createServer((request, response) => {
      request.resume();
      const { status, headers, body } = answers(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    made.unref();
    server = made;
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const { signal } = new AbortController();
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const entry = (path: string): object => ({ type: 'file', path, size: 3, oid: COMMIT });
const hub = mutationsOf(
  {
    revision: () => Buffer.from(JSON.stringify({ id: 'a/b', sha: COMMIT })),
    tree: () =>
      Buffer.from(
        JSON.stringify([
          ...[
            'model_index.json',
            'unet/config.json',
            'unet/diffusion_pytorch_model.fp16.safetensors',
            'vae/../x',
            'scheduler/scheduler_config.json',
          ].map(entry),
          { ...entry('vae/diffusion_pytorch_model.safetensors'), lfs: { oid: 'ab'.repeat(32), size: 9 } },
        ]),
      ),
  },
  [
    '"path":"../',
    '"path":',
    '"size":',
    '"oid":',
    'null',
    '[]',
    '-1',
    '1e300',
    '"lfs":{}',
    '\\u0000',
    '\\\\',
    'C:',
    '/',
    '"sha":',
  ],
);
const analyses = mutationsOf(
  {
    clean: () =>
      Buffer.from(
        '{"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Hate","severity":0},{"category":"Violence","severity":4}]}',
      ),
    error: () =>
      Buffer.from(
        '{"error":{"code":"InvalidRequestBody","message":"The request body is invalid, key 0123456789abcdef."}}',
      ),
  },
  ['"severity":', '"category":', '"blocklistName":"x"', 'null', '[]', '{}', '-1', '1e999', '"error":'],
);
const header = fc.constantFrom(
  '',
  '<http://127.0.0.1:1/x>; rel="next"',
  '</api/x>; rel="next"',
  '<>; rel="next"',
  'rel="next"',
  'W/"etag"',
  '"'.repeat(500),
);

export const properties = [
  property(
    'answers: of the hub’s, damaged, files stay in their folder, or it is refused in few words',
    'answer',
    fc.tuple(hub.arbitrary, header, fc.constantFrom(200, 200, 200, 200, 204, 401, 404, 429, 500)),
    async ([one, link, status]) => {
      const body = await hub.bytesOf(one);
      const sound = {
        revision: await hub.bytesOf({ file: 'revision', changes: [], isMended: false }),
        tree: await hub.bytesOf({ file: 'tree', changes: [], isMended: false }),
      };
      answers = (url) => {
        const isTree = url.includes('/tree/');
        const own = isTree === (one.file === 'tree');
        return {
          status: own ? status : 200,
          headers: link === '' ? {} : { link, etag: link },
          body: own ? body : isTree ? sound.tree : sound.revision,
        };
      };
      const settings = { endpoint: await address(), cache: '/nowhere', authorization: null, isOffline: false };
      const repository = await orRefused(
        () => readRepository(settings, { id: 'a/b', revision: 'main' }, { signal }),
        'MODEL_DOWNLOAD_FAILED',
      );
      if (repository === null) return;
      ok(/^[0-9a-f]{40}$/.test(repository.commit));
      for (const { path, size, digest } of repository.files) {
        ok(
          !/[\\\0:]/.test(path) &&
            !path.startsWith('/') &&
            path.split('/').every((part) => !['', '.', '..'].includes(part)),
          path,
        );
        ok(Number.isSafeInteger(size) && size >= 0 && /^[0-9a-f]{40,64}$/.test(digest));
      }
      await orRefused(() => chooseFiles(repository, 'fp16'), 'MODEL_DOWNLOAD_FAILED');
    },
  ),
  property(
    'answers: of a content-safety service, damaged, none lets a text pass that was not judged',
    'answer',
    fc.tuple(analyses.arbitrary, fc.constantFrom(200, 200, 200, 302, 400, 401, 404, 429)),
    async ([one, status]) => {
      const body = await analyses.bytesOf(one);
      answers = () => ({ status, headers: { 'retry-after': '0', location: 'http://127.0.0.1:1/' }, body });
      const screener = azureScreener({
        endpoint: new URL(await address()),
        authorize: () => Promise.resolve({ 'ocp-apim-subscription-key': '0123456789abcdef' }),
        blockAt: parseBlockAt('2', AZURE_SCALE),
        blocklists: [],
        retry: { tries: 1 },
      });
      const verdict = await orRefused(
        async () => {
          try {
            return await screener.screenText?.('a cat', signal);
          } catch (thrown) {
            ok(!String(thrown).includes('0123456789abcdef'), 'the key is shown');
            throw thrown;
          }
        },
        'CONTENT_SAFETY_UNAVAILABLE',
        'CONTENT_SAFETY_SETUP',
      );
      if (verdict == null) return;
      strictEqual(status, 200);
      ok(verdict.categories.length > 0 || verdict.isBlocked);
    },
  ),
  property(
    'answers: a variable of proxies is an address, or refused without being shown',
    'text',
    fc.tuple(
      textOf(
        ['http://', 'https://', 'user:secret@', 'proxy', ':3128', ':', '/', '[::1]', 'socks5://', '*', '.', ','],
        8,
      ),
      fc.constantFrom('HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'NO_PROXY'),
    ),
    async ([text, name]) => {
      const proxies = await orRefused(() => {
        try {
          return readProxies({ [name]: text });
        } catch (thrown) {
          ok(!String(thrown).includes('secret'));
          throw thrown;
        }
      }, 'USAGE_OPTION_INVALID');
      for (const url of [proxies?.httpProxy, proxies?.httpsProxy]) if (url) ok(/^https?:$/.test(new URL(url).protocol));
      strictEqual(typeof bypassesProxy(new URL('http://example.org:8080/'), text), 'boolean');
      strictEqual(bypassesProxy(new URL('https://example.org/'), '*'), true);
    },
  ),
];
