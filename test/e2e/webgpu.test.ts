/** A golden case on WebGPU, through the command: on a real adapter where there is one, else on Chromium's, in software. */
import { join } from 'node:path';
import type { DoctorReport } from '#src/app/doctor/report.js';
import { model, picture, readPixels, readResults, workFolder, writeRows } from '../support/batch.js';
import { goldenData, readCase } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';
import { vulkanEnvironment } from '../support/vulkan.js';

const CASE = 'refine-batch-of-3';
/** Software compiles every shader, and then computes a hundred times slower than the CPU itself. */
const MINUTES = 60_000;

const found = vulkanEnvironment();
const { describe: withAdapter } = skipWhere('missing' in found ? found.missing : null);
const env = 'env' in found ? found.env : process.env;

withAdapter('--device webgpu', () => {
  const folder = workFolder();

  it(
    'gives the reference’s picture, and says what ran',
    async () => {
      const { prompt, negative_prompt: negative, seed, image, strength, ...facts } = readCase(CASE);
      const first = <T>(value: T | T[]): T => [value].flat()[0] as T;
      const row = {
        image: picture(first(image!)),
        prompt: first(prompt),
        ...(negative === undefined ? {} : { negative_prompt: first(negative) }),
        seed: first(seed),
        strength,
        steps: facts.num_inference_steps,
        output: 'ours.png',
      };
      const manifest = writeRows(join(folder, 'manifest.jsonl'), [row]);
      const out = join(folder, 'out');
      const args = [
        'batch',
        manifest,
        '--model',
        goldenData('models/tiny-refiner'),
        '--output-dir',
        out,
        '--device',
        'webgpu',
        '--precision',
        'fp32',
        '--quiet',
      ];
      const run = await runCli(args, { env });
      expect([run.code, run.stderr]).toEqual([0, '']);
      expect(readResults(out)).toMatchObject([{ status: 'ok', device: 'webgpu', precision: 'fp32', steps_run: 4 }]);
      /* As for the CPU: two of 255, of which one is the rounding to bytes. Measured: 1, in a hundredth of a percent. */
      const [ours, golden] = await Promise.all(
        [join(out, 'ours.png'), goldenData('cases', CASE, 'output-0.png')].map(readPixels),
      );
      expect([ours!.width, ours!.height]).toEqual([golden!.width, golden!.height]);
      const differences = ours!.data.map((value, index) => Math.abs(value - golden!.data[index]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(2);
      expect(differences.filter((difference) => difference > 1).length / differences.length).toBeLessThanOrEqual(1e-3);
    },
    5 * MINUTES,
  );

  it(
    'is in doctor’s report, with every way of computing that was tried',
    async () => {
      const run = await runCli(['doctor', '--json', '--model', model], { cwd: folder, env });
      const { engine } = JSON.parse(run.stdout) as DoctorReport;
      const webgpu = engine.devices.find(({ name }) => name === 'webgpu')!;
      expect(webgpu).toMatchObject({ works: true, reason: null });
      expect(webgpu.self_test!.max_error).toBeLessThan(webgpu.self_test!.tolerance);
      expect(webgpu.tried!.at(-1)).toMatchObject({ precision: webgpu.precision, problem: null });
      expect(webgpu.speed!.device_ms).toBeGreaterThan(0);
    },
    5 * MINUTES,
  );
});
