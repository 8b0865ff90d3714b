import { readHubSettings } from '#src/models/hub/hub-settings.js';
import { askHub } from '#src/models/hub/ask-hub.js';
import { withServer } from '../../../support/with-server.js';

const HOME = { HF_HOME: '/nowhere' };
const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
const { signal } = new AbortController();

it('takes the public hub without a variable, and a token as Bearer', async () => {
  const settings = { endpoint: 'https://huggingface.co', authorization: null, isOffline: false };
  expect(await readHubSettings(HOME)).toMatchObject(settings);
  expect(await readHubSettings({ ...HOME, HF_TOKEN: ' hf_x ' })).toMatchObject({ authorization: 'Bearer hf_x' });
});

it('a password of HF_ENDPOINT goes to the hub, in place of a token, and into no message', async () => {
  await withServer(
    (request, response) => response.writeHead(request.headers.authorization === basic ? 404 : 401).end(),
    async (url) => {
      const address = `${url.replace('http://', 'http://me:s3cret@')}/hub/`;
      const settings = await readHubSettings({ ...HOME, HF_ENDPOINT: address, HF_TOKEN: 'hf_x' });
      expect(settings.endpoint).toBe(`${url}/hub`);
      const asked = askHub(settings, 'api/models/a/b', { signal });
      await expect(asked).rejects.toThrow(`${url}/hub/api/models/a/b was refused: HTTP 404`);
      await expect(asked).rejects.not.toThrow(/s3cret/);
      await expect(askHub({ ...settings, isOffline: true }, 'x', { signal })).rejects.not.toThrow(/s3cret/);
    },
  );
});

it.each(['me:s3cret@hub', 'ftp://me:s3cret@hub', 'http://me:s3cret@[hub'])('refuses %s without showing it', async (text) => {
  const read = readHubSettings({ ...HOME, HF_ENDPOINT: text });
  await expect(read).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID' });
  await expect(read).rejects.not.toThrow(/s3cret/);
});
