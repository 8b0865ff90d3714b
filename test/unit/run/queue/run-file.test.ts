/** The description of a run in its store, and what may stand beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import { expectSameModel, writeRunFile, type RunFile } from '#src/run/queue/run-file.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let stores = 0;
const newStore = (): Promise<Store> => openStore(join(folder, `store-${stores++}`));
const runOf = (id: string): RunFile => ({
  ...{ format: 1, id, version: '1', inputs: [], rows: 1, command: '', seed: 1, cwd: '/', flags: {} },
});

describe('a run’s description', () => {
  it.each([
    ...['pictures/a.png', 'chunks/000000000.jsonl', 'parts/000000000/x.jsonl', 'results/000000000.jsonl'],
    ...['cursor.json', 'end.json', 'model.json'],
  ])('is not written beside %s of a run without one', async (name) => {
    const store = await newStore();
    await store.write(name, Buffer.from('{}'));
    const refused = { code: 'OUTPUT_EXISTS', message: expect.stringContaining(name) as string };
    await expect(writeRunFile(store, runOf('r0123456789ab'))).rejects.toMatchObject(refused);
  });

  it('is that of the same command elsewhere, which was faster, with its pictures', async () => {
    const store = await newStore();
    const first = await writeRunFile(store, runOf('r0123456789ab'));
    await store.write('pictures/a.png', Buffer.from('x'));
    expect(await writeRunFile(store, runOf('rba9876543210'))).toEqual(first);
  });
});

describe('the model of a run’s workers', () => {
  it.each([
    ['abc', 'abc', null],
    ['abc int8 lora', 'abc int8 lora', null],
    ['abc', 'abd', /other contents.*models verify/],
    ['abc', 'abd int8', /other contents.*models verify/],
    ['abc', 'abc int8', /Expected floating point.*found int8.*model is the same/],
    ['abc int8 lora', 'abc lora', /Expected int8.*found floating point.*--device cpu/],
  ])('%j, then %j', async (first, second, said) => {
    const store = await newStore();
    await expectSameModel(store, first);
    const checked = expectSameModel(store, second);
    if (said === null) await checked;
    else await expect(checked).rejects.toThrow(said);
  });
});
