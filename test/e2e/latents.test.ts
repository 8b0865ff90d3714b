/** Latents out of one run and into the next: the halves of a schedule give what the whole gives. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { picture, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';

const folder = workFolder();
const image = picture('odd-75x53');
const settings = { prompt: 'a tiny picture', seed: 3, steps: 4, strength: 1 };

/** NumPy's format 1.0 (numpy/lib/format.py): magic, version, header length, header padded to 64 bytes, data. */
const encodeNpy = (data: Float32Array, shape: readonly number[]): Buffer => {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = `${dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  return Buffer.concat([
    magic,
    length,
    Buffer.from(header),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
};

it('a run in two halves is the run in one', async () => {
  const first = join(folder, 'first');
  const halves = [
    { ...settings, image, output: 'whole.png' },
    { ...settings, image, denoising_end: 0.5, output: 'half.safetensors' },
  ];
  const run = await runBatch([writeRows(join(folder, 'a.jsonl'), halves), '--output-dir', first, '--quiet']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(readResults(first)).toMatchObject([
    { width: 75, height: 53, steps_run: 4 },
    { width: 80, height: 56, steps_run: 2, image_file_name: 'half.safetensors' },
  ]);

  const latents = await readLatents(join(first, 'half.safetensors'));
  expect(latents).toMatchObject({ width: 10, height: 7 });
  writeFileSync(join(folder, 'half.npy'), encodeNpy(latents.data, [1, 4, 7, 10]));
  const second = join(folder, 'second');
  /* The whole run was told the size of its picture, extended; the latents stand for that size. */
  const others = ['first/half.safetensors', 'half.npy'].map((path, at) => ({
    ...settings,
    latents: path,
    denoising_start: 0.5,
    output: `${at}.png`,
  }));
  const rest = await runBatch([writeRows(join(folder, 'b.jsonl'), others), '--output-dir', second, '--quiet']);
  expect(rest).toMatchObject({ code: 0, stderr: '' });
  expect(readResults(second).map(({ steps_run: steps }) => steps)).toEqual([2, 2]);
  expect(readFileSync(join(second, '0.png'))).toEqual(readFileSync(join(second, '1.png')));

  const whole = await readPixels(join(first, 'whole.png'));
  const again = await readPixels(join(second, '0.png'));
  expect(again).toMatchObject({ width: 80, height: 56 });
  for (let y = 0; y < whole.height; y++) {
    const row = whole.data.subarray(y * 75 * 3, (y + 1) * 75 * 3);
    expect(again.data.subarray(y * 80 * 3, y * 80 * 3 + 75 * 3)).toEqual(row);
  }
});
