/** `sdxl-refine doctor` as a user runs it, on machines that are well and machines that are not. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DoctorReport } from '#src/app/doctor/report.js';
import { model, workFolder } from '../support/batch.js';
import { runCli, type CliOptions } from '../support/run-cli.js';

const folder = workFolder();

const doctor = async (args: readonly string[], options: CliOptions = {}) => {
  const run = await runCli(['doctor', '--json', ...args], { cwd: folder, ...options });
  expect(run.stdout.split('\n')).toHaveLength(2);
  return { ...run, report: JSON.parse(run.stdout) as DoctorReport };
};

describe('doctor', () => {
  it('finds that this machine can run, and leaves nothing behind', async () => {
    const { code, stderr, report } = await doctor(['--model', model]);
    expect([code, stderr]).toEqual([0, '']);
    expect(report).toMatchObject({ ok: true, exit_code: 0, problems: [], model: { folder: model, problem: null } });
    expect(report.engine.devices.find(({ name }) => name === 'cpu')!.self_test!.max_error).toBeLessThan(2e-5);
    expect(report.output).toEqual({ folder: join(folder, 'refined'), problem: null });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says so in words on standard output', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--model', model], { cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('✓ cpu: self-test passed in fp32');
    expect(stdout).toMatch(/^ {2}[·✓] webgpu: /m);
    expect(stdout).toMatch(/sdxl-refine can run here\.\n$/);
  });

  it('ends as a run would where the model is missing or damaged', async () => {
    const missing = await doctor(['--model', 'no-such-folder']);
    expect(missing.code).toBe(4);
    expect(missing.report.problems).toEqual([expect.objectContaining({ code: 'MODEL_NOT_FOUND' })]);
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'model_index.json'), '{"_class_name": "StableDiffusionXLImg2ImgPipeline"}');
    const damaged = await doctor(['--model', 'empty']);
    expect(damaged.code).toBe(4);
    expect(damaged.report).toMatchObject({ ok: false, exit_code: 4, model: { folder: empty, opened_in_ms: null } });
  });

  it('survives an engine that crashes as it is loaded, and says so', async () => {
    const crash = join(folder, 'crash.cjs');
    writeFileSync(crash, "if (process.argv[1]?.endsWith('probe-child.js')) process.kill(process.pid, 'SIGSEGV');\n");
    const { code, report } = await doctor(['--model', model], {
      env: { ...process.env, NODE_OPTIONS: `--require ${crash}` },
    });
    expect(code).toBe(5);
    expect(report.engine).toMatchObject({ version: null, devices: [], problem: { code: 'ENGINE_START' } });
    expect(report.problems[0]!.message).toContain('SIGSEGV');
    expect(report.model).toMatchObject({ opened_in_ms: null, problem: null });
  });

  it('tells an output folder where nothing can be written', async () => {
    writeFileSync(join(folder, 'taken'), 'a file');
    const { code, report } = await doctor(['--model', model, '--output-dir', 'taken/refined']);
    expect(code).toBe(6);
    expect(report.output.problem!.message).toContain(join(folder, 'taken'));
  });

  it('looks for models where the environment says the cache is', async () => {
    const home = join(folder, 'hf');
    mkdirSync(join(home, 'hub'), { recursive: true });
    const { report } = await doctor(['--model', model], { env: { ...process.env, HF_HUB_CACHE: '', HF_HOME: home } });
    expect(report.cache).toEqual({ folder: join(home, 'hub'), exists: true, models: [] });
  });
});
