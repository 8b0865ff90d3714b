import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { clearScratchFolders, makeScratchFolder } from '#src/app/cli/scratch-folder.js';
import { ownHolder } from '#src/io/files/lock-holder.js';
import { workFolder } from '../../../support/batch.js';

const root = workFolder();
const context = { kill: process.kill.bind(process) };
const NOTE = '.sdxl-refine-holder.json';

it('names its process in the folder, and leaves it alone while that process lives', async () => {
  const first = await makeScratchFolder(context, root);
  expect(JSON.parse(readFileSync(join(first, NOTE), 'utf8'))).toEqual(await ownHolder());
  const second = await makeScratchFolder(context, root);
  await clearScratchFolders(context, root);
  expect([existsSync(first), first === second]).toEqual([true, false]);
});

it('removes folders of processes that have ended, and no others', async () => {
  const place = join(root, 'abandoned');
  const own = await ownHolder();
  /* As the number of this process would look if an earlier one had had it. */
  const ended = JSON.stringify(own.start === null ? own : { ...own, start: `${own.start}0` });
  const make = (name: string, note: string | null): void => {
    mkdirSync(join(place, name, 'r0'), { recursive: true });
    writeFileSync(join(place, name, 'r0/picture.png'), 'x');
    if (note !== null) writeFileSync(join(place, name, NOTE), note);
  };
  make('sdxl-refine-run-ended1', ended);
  const kept: [name: string, note: string | null][] = [
    ['sdxl-refine-run-host00', JSON.stringify({ pid: own.pid, host: `not ${own.host}` })],
    ['sdxl-refine-run-noNote', null],
    ['sdxl-refine-run-broken', '{"pid":'],
    ['sdxl-refine-run-pidnil', '{"pid":0,"host":"x"}'],
    ['sdxl-refine-run-ended1-mine', ended],
    ['sdxl-refine-ended1', ended],
  ];
  for (const [name, note] of kept) make(name, note);
  make('elsewhere', ended);
  symlinkSync(join(place, 'elsewhere'), join(place, 'sdxl-refine-run-linked'));
  make('sdxl-refine-run-oldOne', null);
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600;
  for (const name of ['oldOne', 'host00', 'broken'].map((end) => `sdxl-refine-run-${end}`)) {
    utimesSync(join(place, name), twoDaysAgo, twoDaysAgo);
  }
  await clearScratchFolders(context, place);
  const names = [...kept.map(([name]) => name), 'elsewhere', 'sdxl-refine-run-linked'];
  expect(readdirSync(place).sort()).toEqual(names.sort());
  expect(existsSync(join(place, 'elsewhere/r0/picture.png'))).toBe(true);
});

it('says how to mend a place where no folder can be made', async () => {
  await expect(makeScratchFolder(context, join(root, 'none'))).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringContaining('Set TMPDIR'),
  });
});
