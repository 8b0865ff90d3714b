import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineOutput } from '#src/app/doctor/examine-output.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'sdxl-refine-doctor-'));

it('writes and leaves nothing, in the folder or in the nearest one above it', async () => {
  const above = folder();
  const there = join(above, 'refined');
  expect(await examineOutput(join(there, 'deep', 'deeper'))).toEqual({
    folder: join(there, 'deep', 'deeper'),
    problem: null,
  });
  expect(readdirSync(above)).toEqual([]);
  mkdirSync(there);
  expect((await examineOutput(there)).problem).toBeNull();
  expect(readdirSync(there)).toEqual([]);
});

it('says what stands in the way', async () => {
  const path = join(folder(), 'refined');
  writeFileSync(path, 'a file');
  const { problem } = await examineOutput(path);
  expect(problem).toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  expect(problem!.message).toContain(path);
  expect(problem!.message).toContain('--output-dir');
});
