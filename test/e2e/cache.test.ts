/** `sdxl-refine cache`, over what a real run made from a model's weights. */
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, runBatch, workFolder, writeRows } from '../support/batch.js';
import { runCli, type CliRun } from '../support/run-cli.js';
import { onTerminal } from '../support/terminal.js';

const folder = workFolder();
const cache = join(folder, 'cache');
const env = { ...process.env, SDXL_REFINE_CACHE: cache } as Record<string, string>;
const run = (...args: string[]): Promise<CliRun> => runCli(['cache', ...args], { env });
const prepared = (): string[] => readdirSync(cache).filter((name) => /^[0-9a-f]{32}\.int8$/.test(name));
const DAY = 24 * 60 * 60;
const age = (name: string, days: number): void => {
  const then = Date.now() / 1000 - days * DAY;
  utimesSync(join(cache, name), then, then);
};

const batch = async (out: string): Promise<void> => {
  const manifest = writeRows(join(folder, 'm.jsonl'), [goodRow]);
  const flags = ['--device', 'cpu', '--precision', 'int8'];
  expect((await runBatch([manifest, '--output-dir', join(folder, out), ...flags], { env })).code).toBe(0);
};
beforeAll(async () => {
  await batch('out');
  writeFileSync(join(cache, 'notes.txt'), 'mine');
  writeFileSync(join(cache, `${'a'.repeat(32)}.transformed.123-0123abcd.tmp`), 'half');
});

it('lists each prepared file with its size and its last use, which a run renews', async () => {
  const names = prepared();
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) age(name, 40);
  await batch('again');
  const { code, stdout } = await run('list', '--json');
  expect(code).toBe(0);
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; kind: string; bytes: number; last_used: string });
  expect(entries.map(({ file }) => file).sort()).toEqual(names.map((name) => join(cache, name)).sort());
  for (const { file, kind, bytes, last_used: used } of entries) {
    expect([kind, bytes]).toEqual(['int8', statSync(file).size]);
    expect(Date.now() - Date.parse(used)).toBeLessThan(DAY * 1000);
  }
  const plain = await run('list');
  expect(plain.stdout).toContain(join(cache, names[0]!));
  expect(plain.stderr).toContain(`in ${cache}. Downloaded models: `);
});

it('clear asks on a terminal, and refuses without one', async () => {
  const { code, stderr } = await run('clear');
  expect(code).toBe(2);
  expect(stderr).toContain('give --yes. [USAGE_CONFLICT]');
  const declined = await onTerminal(['cache', 'clear'], 'no\n', { env });
  expect(declined).toMatchObject({ code: 0, stdout: '' });
  expect(declined.stderr).toMatch(/^Remove \d+ files?, [^]* \[y\/N\] Nothing was removed\.\n$/);
  expect(prepared().length).toBeGreaterThan(0);
  expect((await run('clear', '--older-than', 'soon', '--yes')).code).toBe(2);
});

it('clear --older-than removes files not used for that long, clear all prepared files, and neither any other file', async () => {
  const names = prepared();
  expect((await run('clear', '--older-than', '30d', '--yes')).stderr).toContain('Nothing to remove');
  age(names[0]!, 31);
  age(`${'a'.repeat(32)}.transformed.123-0123abcd.tmp`, 31);
  const { stdout } = await run('clear', '--older-than', '30d', '--yes', '--json');
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).toContain('"removed":true');
  expect(existsSync(join(cache, names[0]!))).toBe(false);
  await onTerminal(['cache', 'clear'], 'y\n', { env });
  /* What calls took is not made from weights. */
  expect(readdirSync(cache)).toEqual(['notes.txt', 'times.json']);
});
