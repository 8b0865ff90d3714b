/** A disk that is full, and a folder that goes away: exit 6, nothing partial, and nothing finished is lost. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenData } from '../support/golden.js';
import { withLatePicture } from '../support/late-picture.js';
import { parseResults, runCli, startCli, temporaryFolder } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const model = goldenData('models/small-refiner');
const writeManifest = (folder: string, rows: number, second = goldenData('images/square-128.png')): string => {
  const path = join(folder, 'm.jsonl');
  const row = (index: number): string =>
    JSON.stringify({
      image: index === 1 ? second : goldenData('images/square-128.png'),
      prompt: 'x',
      strength: 0.5,
      steps: 2,
      seed: 1,
      output: `${index}.png`,
    });
  writeFileSync(path, Array.from({ length: rows }, (_, index) => row(index)).join('\n'));
  return path;
};

const disk = temporaryFolder();
const mount = (...options: string[]): boolean => spawnSync('mount', [...options, disk]).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=300k', 'tmpfs');
const { it: itOnFullDisk } = skipWhere(mounted ? null : 'a full disk needs the right to mount one (mount -t tmpfs)');
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
});

itOnFullDisk('stops on a full disk and goes on when there is room', async () => {
  const out = join(disk, 'out');
  const command = ['batch', writeManifest(temporaryFolder(), 12), '--model', model, '--output-dir', out];
  const full = await runCli(command);
  expect(full.code).toBe(6);
  expect(full.stderr).toContain('the disk is full');
  const finished = parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8')).map(
    (result) => result.image_file_name!,
  );
  expect(finished.length).toBeGreaterThan(2);
  expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  /* A last picture may have fitted, and its result not: the resumed run refines that row again. */
  const pictures = readdirSync(out).filter((name) => name.endsWith('.png'));
  expect(pictures).toEqual(expect.arrayContaining(finished));

  expect(mount('-o', 'remount,size=4m')).toBe(true);
  const resumed = await runCli([...command, '--resume']);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toContain(`, ${finished.length} already done (`);
  const results = parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
  expect(results.map(({ status }) => status)).toEqual(Array<string>(12).fill('ok'));
});

it('stops when the output folder is removed, and does not make it again', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'out');
  await withLatePicture(async ({ url, answer }) => {
    const run = startCli(['batch', writeManifest(folder, 3, url), '--model', model, '--output-dir', out, '--json']);
    await once(run.process.stdout, 'data');
    /* The second row waits, so nothing is written into the folder as it goes. */
    rmSync(out, { recursive: true });
    await answer();
    const { code, stderr } = await run.done;
    expect(code).toBe(6);
    expect(stderr).toMatch(/removed during the run/);
  });
  expect(readdirSync(folder)).toEqual(['m.jsonl']);
});
