import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readPictureFacts } from '#src/cli/picture-facts.js';
import { writePngText } from '#src/metadata/write-png-text.js';
import { goldenData } from '../../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-facts-'));
const image = goldenData('images', 'square-64.png');
const text = 'a cat\nNegative prompt: ugly\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, Size: 512x768';
const facts = {
  prompt: 'a cat',
  negative_prompt: 'ugly',
  seed: 123,
  steps: 20,
  scheduler: 'Euler a',
  guidance_scale: 7,
  original_size: [768, 512],
};

const write = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const pngWith = (written: string): Uint8Array =>
  writePngText(readFileSync(image), [{ keyword: 'parameters', text: written }]);

describe('readPictureFacts', () => {
  it('gives what a picture says as values of keys', async () => {
    expect(await readPictureFacts(write('all.png', pngWith(text)))).toEqual(facts);
    expect(
      await readPictureFacts(write('some.png', pngWith('a dog\nSteps: 9, Sampler: Nobody’s, Size: 512x'))),
    ).toEqual({
      prompt: 'a dog',
      negative_prompt: '',
      steps: 9,
    });
  });

  it('finds it at the beginning of a large file, and at its end', async () => {
    const large = write('large.png', pngWith(text));
    appendFileSync(large, Buffer.alloc(2 ** 20));
    expect(await readPictureFacts(large)).toEqual(facts);
    const noise = sharp(randomBytes(400 * 400 * 3), { raw: { width: 400, height: 400, channels: 3 } });
    const webp = await noise
      .webp({ lossless: true })
      .withExif({ IFD2: { UserComment: text } })
      .toBuffer();
    expect(webp.indexOf('EXIF')).toBeGreaterThan(128 * 1024);
    expect(await readPictureFacts(write('end.webp', webp))).toEqual(facts);
  });

  it('gives nothing where nothing is said or can be read', async () => {
    mkdirSync(join(folder, 'folder.png'));
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    write('empty.png', Buffer.alloc(0));
    for (const path of [
      image,
      ...['folder.png', 'pipe.png', 'empty.png', 'none.png'].map((name) => join(folder, name)),
    ]) {
      expect(await readPictureFacts(path)).toEqual({});
    }
  });
});
