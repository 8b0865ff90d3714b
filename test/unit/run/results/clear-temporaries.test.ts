import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { clearTemporaries, folderClearer } from '#src/run/results/clear-temporaries.js';
import { temporaryPath } from '#src/io/files/temporary-path.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const ALIVE = 4_000_001;
const DEAD = 4_000_002;
const ELSEWHERE = 4_000_003;
const options = (outputFolder: string, part = ''): Parameters<typeof clearTemporaries>[1] => ({
  outputFolder,
  part,
  isAlive: (one) => one === ALIVE,
});

const leave = (folder: string, ...names: string[]): void => {
  for (const name of names) writeFileSync(join(folder, name), name);
};
const temporaryOf = (writer: number): string => `.sdxl-refine-${writer}-0123456789abcdef.tmp`;

describe('clearTemporaries', () => {
  it('removes what the dead were writing, and leaves everything else', async () => {
    const folder = temporaryFolder();
    const kept = ['.sdxl-refine-run.json', 'a.png', 'b.tmp', temporaryOf(ALIVE)];
    leave(folder, ...kept, temporaryOf(DEAD));
    await clearTemporaries(folder, options(folder));
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  it('leaves temporary files that another shard writes on another machine', async () => {
    const folder = temporaryFolder();
    const pictures = join(folder, 'pictures');
    mkdirSync(pictures);
    writeFileSync(join(folder, '.sdxl-refine-2-of-2.lock'), JSON.stringify({ pid: ELSEWHERE, host: 'elsewhere' }));
    leave(pictures, temporaryOf(ELSEWHERE), temporaryOf(DEAD));
    await clearTemporaries(pictures, options(folder, '-1-of-2'));
    expect(readdirSync(pictures)).toEqual([temporaryOf(ELSEWHERE)]);
  });

  it('leaves what any lock names, where this process holds none', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.sdxl-refine.lock'), JSON.stringify({ pid: ELSEWHERE, host: 'elsewhere' }));
    leave(folder, temporaryOf(ELSEWHERE), temporaryOf(DEAD));
    await clearTemporaries(folder, { ...options(folder), part: null });
    expect(readdirSync(folder).sort()).toEqual([temporaryOf(ELSEWHERE), '.sdxl-refine.lock'].sort());
  });

  it('takes a file with our own number for one of a process before us, until we write there', async () => {
    const folder = temporaryFolder();
    const clear = folderClearer(options(folder));
    leave(folder, temporaryOf(pid));
    await Promise.all([clear(folder), clear(folder)]);
    expect(readdirSync(folder)).toEqual([]);
    leave(folder, temporaryOf(pid));
    await clear(folder);
    expect(readdirSync(folder)).toEqual([temporaryOf(pid)]);
  });

  it('in a folder of others, removes only what was to become the same file', async () => {
    const [outputFolder, folder] = [temporaryFolder(), temporaryFolder()];
    const nameFor = (file: string): string => temporaryPath(join(folder, file)).replace(String(pid), String(DEAD));
    writeFileSync(nameFor('ours.csv'), '');
    writeFileSync(nameFor('theirs.csv'), '');
    await clearTemporaries(folder, { ...options(outputFolder), onlyOf: join(folder, 'ours.csv') });
    expect(readdirSync(folder).map((name) => join(folder, name))).toHaveLength(1);
  });

  it('removes what is left of taking a lock, but never a lock that may hold', async () => {
    const folder = temporaryFolder();
    const lock = '.sdxl-refine.lock';
    leave(folder, lock, `${lock}.${DEAD}.tmp`, `${lock}.${DEAD}.old.tmp`, `${lock}.${ALIVE}.old.tmp`);
    leave(folder, `${lock}.${DEAD}.0a1b.tmp`, `${lock}.${DEAD}.0a1b.old.tmp`);
    leave(folder, `.sdxl-refine-1-of-2.lock.${DEAD}.old.tmp`);
    await clearTemporaries(folder, options(folder));
    const kept = [lock, `${lock}.${ALIVE}.old.tmp`, `.sdxl-refine-1-of-2.lock.${DEAD}.old.tmp`];
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  it('has nothing to do where there is no folder', async () => {
    const folder = join(temporaryFolder(), 'none');
    await expect(clearTemporaries(folder, options(folder))).resolves.toBeUndefined();
  });
});
