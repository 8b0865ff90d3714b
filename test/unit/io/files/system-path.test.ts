import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findLostNames, hasLostBytes, nameOfBytes, systemPath } from '#src/io/files/system-path.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const LATIN_1 = Buffer.from('caf\xe9.png', 'latin1');

it.each([
  ['plain.png', 'plain.png'],
  ['café 😀.png', 'café 😀.png'],
])('leaves %s as it is', (text, name) => {
  expect(nameOfBytes(Buffer.from(text))).toBe(name);
  expect(systemPath(name)).toBe(name);
});

itOnLinux('writes each byte that is no UTF-8 as Python does', () => {
  expect(nameOfBytes(LATIN_1)).toBe('caf\udce9.png');
  expect(systemPath('/x/caf\udce9.png')).toEqual(Buffer.concat([Buffer.from('/x/'), LATIN_1]));
  /* Halves of two characters, and an encoded surrogate, which UTF-8 has none of. */
  expect(nameOfBytes(Buffer.from([0xe2, 0x82, 0x20, 0xed, 0xb3, 0xa9]))).toBe('\udce2\udc82 \udced\udcb3\udca9');
});

itOnLinux('gives all bytes back, in whatever company', () => {
  let state = 1;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const pieces = ['a', 'é', '😀', '\ufffd', '.'].map((text) => Buffer.from(text));
  for (let run = 0; run < 2000; run++) {
    const bytes = Buffer.concat(
      Array.from({ length: random(12) }, () => (random(2) === 0 ? Buffer.of(0x80 + random(0x80)) : pieces[random(5)]!)),
    );
    expect(Buffer.from(systemPath(nameOfBytes(bytes)))).toEqual(bytes);
  }
});

itOnLinux('finds what an argument of the command line was', async () => {
  const folder = temporaryFolder();
  const at = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);
  const [first, second] = [LATIN_1, Buffer.from('caf\xe8.png', 'latin1')];
  writeFileSync(at(first), '');
  const asked = join(folder, first.toString('utf8'));
  expect(hasLostBytes(asked)).toBe(true);
  expect(await findLostNames(asked)).toEqual([join(folder, 'caf\udce9.png')]);
  writeFileSync(at(second), '');
  expect((await findLostNames(asked)).length).toBe(2);
  expect(await findLostNames(join(folder, 'no\ufffd.png'))).toEqual([]);
});
