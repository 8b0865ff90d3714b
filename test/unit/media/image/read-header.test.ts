import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPictureHeader } from '#src/media/image/read-header.js';
import { deflateSync } from 'node:zlib';
import { ofRaw, pattern, plain, pngHeader } from './pictures.js';
import { chunk } from '../metadata/build-pictures.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-header-'));
});
afterAll(() => rm(folder, { recursive: true }));

const written = async (name: string, data: Uint8Array): Promise<{ kind: 'file'; path: string }> => {
  const path = join(folder, name);
  await writeFile(path, data);
  return { kind: 'file', path };
};

it('says size, format and alpha', async () => {
  const source = await written(
    'a.webp',
    await ofRaw(pattern(13, 7, 4), 13, 7)
      .webp()
      .toBuffer(),
  );
  const header = { format: 'webp', width: 13, height: 7, hasAlpha: true };
  expect(await readPictureHeader(source, 'a.webp')).toEqual(header);
});

it('says the size of the upright picture', async () => {
  const sideways = ofRaw(pattern(13, 7, 3), 13, 7).withMetadata({ orientation: 6 });
  const source = await written('a.jpg', await sideways.jpeg().toBuffer());
  const header = { format: 'jpeg', width: 7, height: 13, hasAlpha: false };
  expect(await readPictureHeader(source, 'a.jpg')).toEqual(header);
});

it('reads no further than the header', async () => {
  const source = await written('header.png', pngHeader(8000, 8000));
  expect(await readPictureHeader(source, 'header.png')).toMatchObject({ width: 8000, height: 8000 });
});

it('decompresses no text of a PNG', async () => {
  const picture = await ofRaw(pattern(300, 200, 4), 300, 200)
    .png()
    .toBuffer();
  const texts = deflateSync(Buffer.alloc(4e6, 65));
  const many = Array.from({ length: 1000 }, (_, at) =>
    chunk('zTXt', Buffer.concat([Buffer.from(`k${at}\0\0`), texts])),
  );
  const source = await written('texts.png', Buffer.concat([picture.subarray(0, 33), ...many, picture.subarray(33)]));
  const before = process.cpuUsage();
  const header = { format: 'png', width: 300, height: 200, hasAlpha: true };
  expect(await readPictureHeader(source, 'texts.png')).toEqual(header);
  /* Decompressing and copying four gigabytes takes ten times as long, and as much memory. */
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(2);
});

it('finds the header behind other chunks, and says where a PNG ends in them', async () => {
  const picture = await ofRaw(pattern(300, 200, 3), 300, 200)
    .withIccProfile('p3')
    .png()
    .toBuffer();
  const header = { format: 'png', width: 300, height: 200, hasAlpha: false };
  expect(await readPictureHeader(await written('p3.png', picture), 'x')).toEqual(header);
  const cut = await written('cut.png', picture.subarray(0, 60));
  await expect(readPictureHeader(cut, 'x')).rejects.toMatchObject({ code: 'IMAGE_UNDECODABLE' });
});

it('shows no secret of a signed URL', async () => {
  const text = await written('secret.png', Buffer.from('a cat'));
  const failing = readPictureHeader(text, 'https://host/a.png?X-Amz-Signature=SECRET');
  await expect(failing).rejects.toThrow(/^https:\/\/host\/a\.png\?… is damaged/);
});

it.each(['cat[1].png', 'cat.png[page=1]', 'ünï 猫.png', '%d.png', 'a:b.png'])('opens %s', async (name) => {
  const source = await written(name, await plain(1, 2, 3).png().toBuffer());
  expect(await readPictureHeader(source, name)).toMatchObject({ format: 'png', width: 16 });
});

it('opens inline pictures', async () => {
  const text = (await plain(1, 2, 3).avif().toBuffer()).toString('base64');
  expect(await readPictureHeader({ kind: 'inline', text }, 'row 3')).toMatchObject({ format: 'avif', width: 16 });
});

it('fails for its reason', async () => {
  const missing = { kind: 'file' as const, path: join(folder, 'missing.png') };
  await expect(readPictureHeader(missing, 'x')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  const text = await written('text.png', Buffer.from('a cat'));
  await expect(readPictureHeader(text, 'x')).rejects.toMatchObject({ code: 'IMAGE_UNDECODABLE' });
  const huge = await written('huge.png', pngHeader(20_000, 20_000));
  await expect(readPictureHeader(huge, 'x')).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
});
