import type { HubSettings } from '#src/models/hub/hub-settings.js';
import { readRepository } from '#src/models/hub/read-repository.js';
import { COMMIT } from '../../../support/fake-hub.js';
import { withServer } from '../../../support/with-server.js';

const { signal } = new AbortController();

/** The files of a repository whose tree is these. */
const filesOf = async (entries: readonly object[]): Promise<readonly string[]> => {
  let files: readonly string[] = [];
  await withServer(
    (request, response) => {
      response.end(JSON.stringify(request.url!.includes('/tree/') ? entries : { sha: COMMIT }));
    },
    async (endpoint) => {
      const settings: HubSettings = { endpoint, cache: '/nowhere', authorization: null, isOffline: false };
      const repository = await readRepository(settings, { id: 'a/b', revision: 'main' }, { signal });
      files = repository.files.map(({ path }) => path);
    },
  );
  return files;
};

const file = (path: string): object => ({ type: 'file', path, size: 1, oid: COMMIT });

it('passes by files whose names could lead out of their folder, and takes the others', async () => {
  const safe = ['unet/config.json', '..hidden', 'a picture.png', 'über/größe.txt'];
  const odd = ['../a', 'a/../b', 'a/..', './a', '/a', 'a/', 'C:a', 'a\\b', 'a\0b', 'a\n/../b', '..\n/../../b', ''];
  expect(await filesOf([...odd, ...safe].map(file))).toEqual(safe);
  expect(await filesOf([{ ...file('unet'), type: 'directory' }])).toEqual([]);
});

it('refuses an answer that is no tree', async () => {
  await expect(filesOf([{ type: 'file', path: 'a', oid: 'x' }])).rejects.toMatchObject({
    code: 'MODEL_DOWNLOAD_FAILED',
  });
});

it('refuses a listing without an end', async () => {
  let pages = 0;
  await withServer(
    (request, response) => {
      pages++;
      response.setHeader('link', `<http://${request.headers.host}/api/tree/${pages}>; rel="next"`);
      response.end(JSON.stringify(request.url!.includes('/tree/') ? [file(`a${pages}`)] : { sha: COMMIT }));
    },
    async (endpoint) => {
      const settings: HubSettings = { endpoint, cache: '/nowhere', authorization: null, isOffline: false };
      const read = readRepository(settings, { id: 'a/b', revision: 'main' }, { signal });
      await expect(read).rejects.toThrow('a/b has more than 20 files, which is more than any model needs.');
    },
  );
});
