/** `sdxl-refine devices`, against an index on this machine. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasOwnCuda } from '#src/onnx/libraries/cuda-libraries.js';
import { CUDA_WHEELS } from '#src/onnx/libraries/cuda-wheels.js';
import { searchHere } from '#src/onnx/libraries/library-search.js';
import { workFolder } from '../support/batch.js';
import { goldenData } from '../support/golden.js';
import { fakePackageIndex } from '../support/fake-package-index.js';
import { makeWheel } from '../support/make-wheel.js';
import { runCli, type CliRun } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';
import { withServer } from '../support/with-server.js';

const folder = workFolder();
const UNREACHABLE = 'http://127.0.0.1:9/simple';

const devices = (
  cache: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<CliRun> =>
  runCli(['devices', ...args], { env: { ...process.env, SDXL_REFINE_CACHE: join(folder, cache), ...more } });

const isLinux = process.platform === 'linux' && process.arch === 'x64';
const why = !isLinux
  ? 'CUDA is for Linux on x64 only'
  : existsSync('/proc/driver/nvidia/version') || (await hasOwnCuda(searchHere(process.env)))
    ? 'this machine has an NVIDIA driver or CUDA 13 of its own'
    : null;
const { it: itWithoutCuda } = skipWhere(why);

it('list: one device is taken, the others say why not', async () => {
  const { code, stdout } = await devices('list', ['list', '--json']);
  expect(code).toBe(0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows.filter(({ chosen }) => chosen)).toHaveLength(1);
  expect(rows.at(-1)).toMatchObject({ device: 'cpu', precision: 'fp32' });
  for (const { chosen, reason } of rows) expect(reason === null).toBe(chosen);
  const text = await devices('list', ['list']);
  expect(text.stdout).toMatch(/^✓ \w+(:\d+)? .*\n? *(.*--device auto takes it, in fp)/m);
});

itWithoutCuda('list names the command that adds CUDA, and doctor too', async () => {
  expect((await devices('list', ['list'])).stdout).toMatch(
    /^· cuda +it needs NVIDIA’s driver \(libcuda\.so\.1\), which is not here\n.*580 or newer, then run "sdxl-refine devices add cuda"$/m,
  );
  expect((await runCli(['doctor'])).stdout).toMatch(/^ +sdxl-refine devices add cuda$/m);
});

itWithoutCuda('add: without a network, says every wheel to bring', async () => {
  const { code, stdout, stderr } = await devices('unreachable', ['add', 'cuda', '--index-url', UNREACHABLE]);
  expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
  expect(stderr).toMatch(
    /^Downloads 6 wheels of 1\.1 GiB from http:\/\/127\.0\.0\.1:9\/simple, for 1\.5 GiB of libraries in /,
  );
  expect(stderr).toMatch(/cannot be reached: .*--from\. \[LIBRARY_DOWNLOAD_FAILED\]\n$/);
  for (const { file } of CUDA_WHEELS) expect(stderr).toContain(file);
  const byVariable = await devices('unreachable', ['add', 'cuda', '--quiet'], { PIP_INDEX_URL: UNREACHABLE });
  expect(byVariable.stderr).toMatch(
    /^sdxl-refine: http:\/\/127\.0\.0\.1:9\/simple\/nvidia-cuda-runtime\/ cannot be reached/,
  );
  const brought = await devices('unreachable', ['add', 'cuda', '--from', '.']);
  expect(brought).toMatchObject({ code: 5, stderr: expect.stringMatching(/^sdxl-refine: Expected these 6 wheels/) });
});

itWithoutCuda('add: a wheel that is not the listed one is thrown away; remove leaves no folder', async () => {
  const [listed] = CUDA_WHEELS;
  const made = { ...makeWheel(listed!.project, []), file: listed!.file, content: randomBytes(listed!.bytes) };
  await withServer(fakePackageIndex([made]).listener, async (url) => {
    const { code, stderr } = await devices('wrong', ['add', 'cuda', '--index-url', `${url}/simple`]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/is not the file that this version of sdxl-refine lists/);
  });
  expect(readdirSync(join(folder, 'wrong', 'libraries'), { recursive: true })).toEqual(['downloads']);
  expect(await devices('wrong', ['remove', 'cuda'])).toMatchObject({ code: 0, stdout: '' });
  expect(readdirSync(join(folder, 'wrong'))).toEqual([]);
});

it('remove takes what was added, and says where there is nothing', async () => {
  expect(await devices('nothing', ['remove', 'cuda'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/^Nothing to remove in .*libraries\.\n$/),
  });
  const added = join(folder, 'added', 'libraries', 'nvidia-x-1');
  mkdirSync(added, { recursive: true });
  writeFileSync(join(added, 'libx.so'), '12345');
  const note = { project: 'nvidia-x', version: '1', sha256: '', files: [{ name: 'libx.so', bytes: 5 }] };
  writeFileSync(join(added, 'wheel.json'), JSON.stringify(note));
  writeFileSync(join(folder, 'added', 'mine'), '');
  expect(await devices('added', ['remove', 'cuda'])).toMatchObject({ code: 0, stdout: 'Removed 1 package, 5 bytes\n' });
  expect(readdirSync(join(folder, 'added'))).toEqual(['mine']);
});

/** Programs and libraries of a machine with this driver and card. */
const withCard = (name: string, fields: string): Readonly<Record<string, string>> => {
  const bin = join(folder, name);
  mkdirSync(bin);
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\necho '0, GPU-1, A card, ${fields}'\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  writeFileSync(join(bin, 'libcuda.so.1'), '');
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}`, LD_LIBRARY_PATH: bin };
};

itWithoutCuda('auto tells once, where there is a card, what would use it', async () => {
  const env = { ...process.env, SDXL_REFINE_CACHE: join(folder, 'none'), ...withCard('card', '8.9, 8192, 580.65.06') };
  const picture = goldenData('images/square-64.png');
  const out = join(folder, 'out.png');
  const { code, stderr } = await runCli([picture, '-p', 'x', '-o', out, '--steps', '1', '--strength', '1'], { env });
  expect(code).toBe(0);
  expect(
    stderr.match(
      /cuda skipped: it needs libonnxruntime_providers_cuda\.so, .*which are not here\. Run "sdxl-refine devices add cuda"/g,
    ),
  ).toHaveLength(1);
  const listed = await devices('none', ['list'], env);
  expect(listed.stdout).toMatch(
    /^· cuda +A card, 8\.0 GiB, compute capability 8\.9, driver 580\.65\.06\n +it needs libonnx/m,
  );
});

itWithoutCuda.each([
  ['an old driver', '8.9, 8192, 570.86.15', /NVIDIA's driver 580 or newer.*found 570\.86\.15.*CUDA 12/],
  ['a card before Turing', '6.1, 8192, 580.65.06', /compute capability is 6\.1.*7\.5, 8\.0.*CUDA 12/],
  ['a card that is too new', '10.0, 8192, 580.65.06', /compute capability is 10\.0.*WebGPU/],
])('add refuses %s before anything comes', async (_, fields, message) => {
  const env = withCard(`bin ${fields}`, fields);
  const { code, stderr } = await devices('refused', ['add', 'cuda', '--index-url', UNREACHABLE], env);
  expect(code).toBe(5);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/\[DEVICE_UNAVAILABLE\]\n$/);
  expect(existsSync(join(folder, 'refused'))).toBe(false);
});

it.each([
  [['add', 'rocm'], /Allowed choices are cuda/],
  [['add'], /Missing required argument/],
  [
    ['add', 'cuda', '--index-url', 'pypi'],
    /Expected --index-url to be the address of a package index.*USAGE_OPTION_INVALID/,
  ],
])('devices %j is a mistake of use', async (args, message) => {
  const { code, stderr } = await devices('use', args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
