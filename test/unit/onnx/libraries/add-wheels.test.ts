/** Wheels that come from an index: whole, or with what to do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIndex } from '#src/onnx/libraries/package-index.js';
import { fakePackageIndex } from '../../../support/fake-package-index.js';
import { errorOf, second, wheels, WHOLE, withIndex } from '../../../support/with-package-index.js';

describe.each(['json', 'html'] as const)('from an index that answers %s', (form) => {
  it('takes the listed files, says the sizes before, and leaves no wheel', async () => {
    await withIndex(
      async ({ add, files, libraries, plans, fake }) => {
        const reports: [number, number][] = [];
        const folders = await add({ report: (done, total) => reports.push([done, total]) });
        expect(folders).toEqual([join(libraries, 'nvidia-first-1.0'), join(libraries, 'nvidia-second-1.0')]);
        expect(files()).toEqual(WHOLE);
        expect(readFileSync(join(libraries, WHOLE[2]!))).toEqual(second.data);
        const total = wheels[0]!.bytes + wheels[1]!.bytes;
        expect(plans).toEqual([{ wheels, downloadBytes: total, unpackedBytes: 305_000, folder: libraries }]);
        expect(reports.at(-1)).toEqual([total, total]);
        const before = fake.seen.length;
        await add();
        expect([fake.seen.length, plans.length]).toEqual([before, 1]);
      },
      { fake: fakePackageIndex(wheels, { form }) },
    );
  });
});

it('gives a password to the index alone, and shows it nowhere', async () => {
  const authorization = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
  await withIndex(
    async ({ add, url }) => {
      const refused = await errorOf(add());
      expect(refused.message).toMatch(/was refused: HTTP 401/);
      await add({ index: parseIndex(url.replace('http://', 'http://me:s3cret@'), 'the test') });
    },
    { fake: fakePackageIndex(wheels, { authorization }) },
  );
  const { message } = await errorOf(
    Promise.resolve().then(() => parseIndex('ftp://me:s3cret@x/simple', '--index-url')),
  );
  expect(message).toMatch(/^Expected --index-url to be the address of a package index/);
  expect(message).not.toMatch(/s3cret/);
});

it.each([
  ['goes on where it broke off', ['cut'], /^\/files\/nvidia_first\S+ bytes=\d+-$/],
  ['begins again where the server cannot go on', ['cut', 'ignores ranges'], /bytes=/],
] as const)('a broken download %s', async (_, faults, range) => {
  await withIndex(async ({ add, files, fake }) => {
    fake.faults.push(...faults);
    expect(await errorOf(add())).toMatchObject({
      code: 'LIBRARY_DOWNLOAD_FAILED',
      message: expect.stringMatching(/^The download of nvidia_first.* broke off.*what came is kept/) as string,
    });
    expect(files().filter((name) => !name.startsWith('downloads/'))).toEqual([]);
    await add();
    expect(files()).toEqual(WHOLE);
    expect(fake.seen.filter((line) => range.test(line))).toHaveLength(1);
  });
});

it('a wheel with another digest is thrown away', async () => {
  await withIndex(async ({ add, files, fake }) => {
    fake.faults.push('damaged');
    const { code, exitCode, message } = await errorOf(add());
    expect({ code, exitCode }).toEqual({ code: 'LIBRARY_DOWNLOAD_FAILED', exitCode: 5 });
    expect(message).toMatch(/is not the file that this version of sdxl-refine lists \([0-9a-f]{64} instead of /);
    expect(files()).toEqual([]);
  });
});

it.each([
  ['no network', 'http://127.0.0.1:9/simple', /cannot be reached/],
  ['an index without the project', null, /was refused: HTTP 404/],
])('%s: says which wheels to bring', async (_, address, reason) => {
  await withIndex(async ({ add, url }) => {
    const index = parseIndex(address ?? `${url}/elsewhere`, 'the test');
    const { code, message } = await errorOf(add({ index }));
    expect(code).toBe('LIBRARY_DOWNLOAD_FAILED');
    expect(message).toMatch(reason);
    expect(message).toMatch(
      /download nvidia_first-1\.0-py3-none-any\.whl, nvidia_second-1\.0-py3-none-any\.whl.*--from/,
    );
  });
});

it('an index that lists other files only says so', async () => {
  await withIndex(async ({ add }) => {
    const elsewhere = { ...wheels[0]!, file: 'nvidia_first-2.0-py3-none-any.whl' };
    expect((await errorOf(add({}, [elsewhere]))).message).toMatch(/does not list nvidia_first-2\.0/);
  });
});
