import { authorizeByIdentity, type Environment } from '#src/run/safety/azure-identity.js';
import { AZURE_SCALE, azureScreener } from '#src/run/safety/azure-screener.js';
import { parseBlockAt } from '#src/run/safety/block-at.js';
import { FAKE_TOKEN, startContentSafety, type FakeContentSafety } from '../../../support/fake-content-safety.js';
import { waitFor } from '../../../support/processes.js';

let fake: FakeContentSafety;
beforeEach(async () => {
  fake = await startContentSafety();
});
afterEach(() => {
  fake.close();
});

const { signal } = new AbortController();
const ask = (env: Environment): ((text: string) => Promise<unknown>) => {
  const screener = azureScreener({
    endpoint: new URL(fake.url),
    authorize: authorizeByIdentity(env),
    blockAt: parseBlockAt('2', AZURE_SCALE),
    blocklists: [],
    retry: { firstPauseMs: 1 },
  });
  return (text) => screener.screenText!(text, signal);
};

describe('an identity', () => {
  it.each([
    [
      'App Service',
      () => ({ IDENTITY_ENDPOINT: `${fake.url}/msi/token`, IDENTITY_HEADER: 'h', AZURE_CLIENT_ID: 'me' }),
      { 'x-identity-header': 'h' },
      { 'api-version': '2019-08-01', client_id: 'me' },
    ],
    [
      'Azure Machine Learning',
      () => ({ MSI_ENDPOINT: `${fake.url}/msi/token`, MSI_SECRET: 's', DEFAULT_IDENTITY_CLIENT_ID: 'me' }),
      { secret: 's' },
      { 'api-version': '2017-09-01', clientid: 'me' },
    ],
    [
      'a virtual machine',
      () => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: fake.url }),
      { metadata: 'true' },
      { 'api-version': '2018-02-01' },
    ],
  ])('of %s gives one token for all questions', async (_, env, headers, query) => {
    const one = ask(env());
    await Promise.all([one('a castle'), one('a cat')]);
    await one('a dog');
    expect(fake.count('token')).toBe(1);
    const asked = fake.seen.find(({ kind }) => kind === 'token')!;
    expect(asked.headers).toMatchObject(headers);
    expect(Object.fromEntries(asked.query)).toEqual({ ...query, resource: 'https://cognitiveservices.azure.com' });
    expect(fake.seen.at(-1)!.headers.authorization).toBe(`Bearer ${FAKE_TOKEN}`);
  });

  it.each([
    ['refuses', { status: 400 }],
    ['answers nonsense', { status: 200, body: 'token' }],
  ])('that %s is told with what to do', async (_, fault) => {
    fake.faults = [fault];
    const asking = ask({ AZURE_POD_IDENTITY_AUTHORITY_HOST: fake.url })('a castle');
    await expect(asking).rejects.toMatchObject({
      code: 'CONTENT_SAFETY_SETUP',
      message: expect.stringContaining('CONTENT_SAFETY_KEY'),
    });
  });

  it('that is not there is told too', async () => {
    const asking = ask({ AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9' })('a castle');
    await expect(asking).rejects.toMatchObject({ code: 'CONTENT_SAFETY_SETUP' });
  });

  it('is requested again by the waiting rows if the requesting row was cancelled', async () => {
    fake.faults = ['hang'];
    const authorize = authorizeByIdentity({ AZURE_POD_IDENTITY_AUTHORITY_HOST: fake.url });
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const left = new Error('left');
    const first = authorize({ signal: leaving.signal, name: 'first' });
    const others = [1, 2].map(() => authorize({ signal: staying.signal, name: 'other' }));
    await waitFor('the first request', () => fake.faults.length === 0);
    leaving.abort(left);
    await expect(first).rejects.toBe(left);
    const authorization = `Bearer ${FAKE_TOKEN}`;
    expect(await Promise.all(others)).toEqual([{ authorization }, { authorization }]);
    expect(fake.count('token')).toBe(1);
  });

  it('is requested again when the token expires; if that fails, rows fail and the run continues', async () => {
    fake.tokenSeconds = 1;
    const clock = Date.now;
    try {
      const one = ask({ AZURE_POD_IDENTITY_AUTHORITY_HOST: fake.url });
      await one('a castle');
      const now = Date.now();
      Date.now = () => now + 120_000;
      await one('a cat');
      expect(fake.count('token')).toBe(2);
      Date.now = () => now + 240_000;
      fake.faults = [{ status: 400 }];
      await expect(one('a dog')).rejects.toMatchObject({ code: 'CONTENT_SAFETY_UNAVAILABLE' });
    } finally {
      Date.now = clock;
    }
  });
});
