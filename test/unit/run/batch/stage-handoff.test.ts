import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStageHandoff } from '#src/run/batch/stage-handoff.js';
import type { RefineReply } from '#src/records/job.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const latents = { data: new Float32Array(4 * 8 * 8), width: 8, height: 8 };
const reply = { output: { kind: 'latents', latents } } as RefineReply;
let out: string;
beforeEach(() => (out = temporaryFolder()));
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

describe('what the base model hands on', () => {
  it('does not create an output folder that was removed', async () => {
    const files = openStageHandoff(join(out, 'latents'));
    rmSync(out, { recursive: true });
    await expect(files.write('a', reply)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(existsSync(out)).toBe(false);
  });

  it('is removed at the end, but for what rows that failed still need', async () => {
    const folder = join(out, 'latents');
    const files = openStageHandoff(folder);
    mkdirSync(folder);
    for (const name of ['.sdxl-refine-1-0a.tmp', 'old.png', 'old.safetensors']) writeFileSync(join(folder, name), '');
    await files.write('kept', reply);
    for (const key of ['kept', 'elsewhere']) await files.keep(key);
    await files.close();
    expect(readdirSync(folder)).toEqual(['kept.safetensors']);
    const later = openStageHandoff(folder);
    await later.close();
    expect(existsSync(folder)).toBe(false);
    await later.close();
  });

  it('neither is written nor removed where a link leads', async () => {
    const [folder, elsewhere] = [join(out, 'latents'), join(out, 'elsewhere')];
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'mine.png'), '');
    symlinkSync(elsewhere, folder);
    const files = openStageHandoff(folder);
    await expect(files.write('a', reply)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await files.close();
    expect(readdirSync(elsewhere)).toEqual(['mine.png']);
    await files.removeAll();
    expect([readdirSync(elsewhere), existsSync(folder)]).toEqual([['mine.png'], false]);
  });
});
