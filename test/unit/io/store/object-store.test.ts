/** Object storage as a store, at the emulators of the three clouds. */
import { env } from 'node:process';
import { openStore } from '#src/io/store/open-store.js';
import { missingEmulator, startAzurite, startGoogle, startMoto, type Emulator } from '../../../support/emulators.js';
import { skipWhere } from '../../../support/skip-where.js';
import { testStore } from '../../../support/store-contract.js';

/** opendal reads the process's own variables. */
const set = (variables: Record<string, string>): void => {
  Object.assign(env, variables, { SDXL_REFINE_STORE_TIMEOUT: '10', SDXL_REFINE_STORE_RETRIES: '1' });
};

describe.each([
  ['s3', startMoto, {}],
  ['az', startAzurite, { isByteOrder: false }],
  /* This emulator ignores conditions, and opendal escapes names twice there. */
  ['gs', startGoogle, { hasConditions: false, hasOddNames: false }],
] as const)('%s://', (cloud, start, traits) => {
  const reason = missingEmulator(cloud);
  if (reason !== null) {
    skipWhere(reason).it('is a store', () => undefined);
    return;
  }
  let emulator: Emulator;
  let buckets = 0;
  beforeAll(async () => {
    emulator = await start();
    set(emulator.env);
  });
  afterAll(() => emulator.stop());
  const openNew = async (): Promise<string> => {
    const bucket = `bucket-${++buckets}`;
    await emulator.makeBucket(bucket);
    return `${cloud}://${bucket}/a prefix/`.replace(' ', cloud === 'gs' ? '-' : ' ');
  };

  testStore(async () => openStore(await openNew()), traits);

  it('says that there is no such bucket', async () => {
    const store = await openStore(`${cloud}://no-such-bucket/x`);
    await expect(store.read('a', { maxBytes: 1 })).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(store.writeNew('a', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'STORE_MISSING' });
  });

  it('lists only objects under its prefix', async () => {
    const place = await openNew();
    const bucket = place.split('/').slice(0, 3).join('/');
    const whole = await openStore(bucket);
    const part = await openStore(place);
    await whole.write('other', new Uint8Array(1));
    await part.write('own', new Uint8Array(2));
    const names: string[] = [];
    for await (const { name } of part.list('')) names.push(name);
    expect(names).toEqual(['own']);
  });

  const pages = skipWhere(cloud === 'gs' ? 'the emulator of gs:// lists in one page' : null);
  pages.it('streams a listing of more than one page', async () => {
    const store = await openStore(await openNew());
    const names = Array.from({ length: 1200 }, (_, at) => `n${String(at).padStart(5, '0')}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => store.write(name, new Uint8Array(1))));
    }
    const listed: string[] = [];
    for await (const { name } of store.list('n')) listed.push(name);
    expect(listed).toEqual(names);
  });
});
