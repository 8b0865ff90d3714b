/** Users without a home, as containers run programs, and folders in which nothing can be made. */
import { chmodSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { env as ownEnv, getuid } from 'node:process';
import { goodRow, runBatch, workFolder, writeRows } from '../support/batch.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { runCli, type CliOptions, type CliRun } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const folder = workFolder();
const manifest = writeRows(join(folder, 'rows.jsonl'), [goodRow]);
chmodSync(folder, 0o755);

/** No user of any system has this number. */
const NOBODY = 1_234_567;
const { it: itAsNobody } = skipWhere(getuid?.() === 0 ? null : 'only root can run as a user without a passwd entry');

/** A place of that user's own, and a run in it with nothing in the environment but `env`. */
const asNobody = (env: Readonly<Record<string, string>>): { place: string; options: CliOptions } => {
  const place = mkdtempSync(join(folder, 'place-'));
  chmodSync(place, 0o777);
  const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('PLACE', place)]));
  return { place, options: { uid: NOBODY, cwd: place, env: own } };
};

const expectHelp = ({ code, stderr }: CliRun): void => {
  expect(stderr).toContain('CACHE_UNWRITABLE');
  for (const name of ['HF_HOME', 'SDXL_REFINE_CACHE', 'HOME is not set']) expect(stderr).toContain(name);
  expect(code).toBe(6);
};

describe('a user without a passwd entry, and no HOME', () => {
  itAsNobody('sees the bundled models, and how to say where others lie', async () => {
    const { options } = asNobody({});
    const run = await runCli(['models', 'list'], options);
    expect(run.stdout).toMatch(/emoji-refiner {2}\(bundled\)/);
    expectHelp(run);
  });

  itAsNobody.each([
    { HF_HOME: 'PLACE/hf' },
    { HF_HUB_CACHE: 'PLACE/hub' },
    { XDG_CACHE_HOME: 'PLACE' },
    { HOME: 'PLACE' },
  ])('lists models with %j', async (env) => {
    const { options } = asNobody(env);
    expect(await runCli(['models', 'list'], options)).toMatchObject({ code: 0, stderr: '' });
  });

  itAsNobody('is told by doctor that a run could work', async () => {
    const { options } = asNobody({});
    const { code, stdout } = await runCli(['doctor', '--json'], options);
    const { cache, prepared } = JSON.parse(stdout) as Record<string, { folder: null; problem: { message: string } }>;
    expect(cache!.problem.message).toContain('HF_HOME');
    expect(prepared).toMatchObject({ folder: null, problem: { code: 'CACHE_UNWRITABLE' } });
    expect(code).toBe(0);
    expect((await runCli(['doctor'], options)).stdout).toMatch(/Hugging Face cache\n.*Expected a home folder/);
  });

  itAsNobody('refines with the bundled model', async () => {
    const { place, options } = asNobody({});
    expect(await runBatch([manifest, '--output-dir', 'out', '--quiet'], options)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(readdirSync(place)).toEqual(['out']);
  });

  itAsNobody.each([
    [{ SDXL_REFINE_CACHE: 'PLACE/own' }, 'own'],
    [{ HF_HOME: 'PLACE/hf' }, 'hf/sdxl-refine'],
  ])('computes in int8 with %j', async (env, kept) => {
    const { place, options } = asNobody(env);
    const run = await runBatch([manifest, '--output-dir', 'out', '--precision', 'int8', '--quiet'], options);
    expect(run).toMatchObject({ code: 0 });
    expect(readdirSync(join(place, kept)).length).toBeGreaterThan(0);
  });

  itAsNobody('is told what int8 needs', async () => {
    const { place, options } = asNobody({});
    expectHelp(await runBatch([manifest, '--output-dir', 'out', '--precision', 'int8', '--quiet'], options));
    expect(existsSync(join(place, '.cache'))).toBe(false);
  });
});

describe('a folder in which nothing can be made', () => {
  itOnLinux.each([
    ['--output-dir', '/proc/x/y'],
    ['--output-dir', join(folder, 'out'), '--predictions-csv', '/proc/x/y.csv'],
  ])('as %s %s', async (...flags) => {
    const { code, stderr } = await runBatch([manifest, ...flags]);
    expect(stderr).toContain('OUTPUT_UNWRITABLE');
    expect(code).toBe(6);
  });

  itOnLinux('as the home of what int8 makes', async () => {
    const env = { ...ownEnv, HOME: '/proc', SDXL_REFINE_CACHE: '', XDG_CACHE_HOME: '' };
    const flags = ['--output-dir', join(folder, 'int8'), '--precision', 'int8'];
    const { code, stderr } = await runBatch([manifest, ...flags], { env });
    expect(stderr).toMatch(/\/proc\/\.cache.*Set SDXL_REFINE_CACHE.*CACHE_UNWRITABLE/s);
    expect(code).toBe(6);
  });
});
