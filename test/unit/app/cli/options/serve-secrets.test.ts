import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKey, readTls } from '#src/app/cli/options/serve-secrets.js';
import { workFolder } from '../../../../support/batch.js';

const folder = workFolder();
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const contextOf = (key?: string): Parameters<typeof readKey>[1] => ({
  cwd: () => folder,
  env: key === undefined ? {} : { SDXL_REFINE_KEY: key },
});

describe('the key', () => {
  it('may end with a line end, in the variable as in a file', async () => {
    expect(await readKey({}, contextOf('abc\n'))).toBe('abc');
    expect(await readKey({ keyFile: file('key', ' a key \r\n') }, contextOf('other'))).toBe('a key');
    expect(await readKey({}, contextOf())).toBeNull();
    expect(await readKey({ auth: false }, contextOf())).toBeNull();
  });

  it.each(['', '\n', 'schlüssel', 'two\nlines', 'a\u0000b'])('%j is refused', async (key) => {
    const expected = {
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringMatching(/SDXL_REFINE_KEY.*found/) as string,
    };
    await expect(readKey({}, contextOf(key))).rejects.toMatchObject(expected);
  });

  it('beside --no-auth is refused', async () => {
    await expect(readKey({ auth: false }, contextOf('abc'))).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
  });
});

describe('TLS files', () => {
  const key = file(
    'key.pem',
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  const words = file('words.pem', 'no PEM inside');

  it.each([
    [words, words],
    [words, key],
    [key, key],
  ])('--tls-cert %s with --tls-key %s is refused', async (tlsCert, tlsKey) => {
    await expect(readTls({ tlsCert, tlsKey }, contextOf())).rejects.toMatchObject({
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringContaining(`--tls-cert ${tlsCert}`) as string,
    });
  });

  it('are both given, or none', async () => {
    await expect(readTls({ tlsCert: words }, contextOf())).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
    await expect(readTls({ tlsCert: 'gone', tlsKey: key }, contextOf())).rejects.toMatchObject({
      message: expect.stringContaining('--tls-cert gone') as string,
    });
    expect(await readTls({}, contextOf())).toBeNull();
  });
});
