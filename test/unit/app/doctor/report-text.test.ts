import { reportText } from '#src/app/doctor/report-text.js';
import type { DoctorReport } from '#src/app/doctor/report.js';

const well: DoctorReport = {
  version: '1.2.3',
  ok: true,
  exit_code: 0,
  problems: [],
  machine: {
    node: { version: '20.9.0', required: '20.9', ok: true },
    platform: 'linux',
    arch: 'x64',
    os_release: '6.1',
    cpu: 'A CPU',
    cpu_features: ['avx2'],
    cores: 1,
    memory: { total_bytes: 2 ** 34, free_bytes: 2 ** 33, limit_bytes: 2 ** 32 },
    disks: [{ use: 'temporary files', folder: '/tmp', free_bytes: null }],
  },
  engine: {
    version: '1.30.0',
    devices: [
      {
        name: 'cpu',
        works: true,
        precision: 'fp32',
        self_test: { max_error: 8.5e-7, tolerance: 1e-4, duration_ms: 90 },
        reason: null,
      },
      {
        name: 'cuda',
        works: true,
        precision: 'fp16',
        self_test: { max_error: 2e-3, tolerance: 5e-2, duration_ms: 900 },
        reason: null,
        speed: { device_ms: 0.5, cpu_ms: 10 },
      },
      { name: 'webgpu', works: false, precision: null, self_test: null, reason: 'Vulkan has no driver here' },
    ],
    problem: null,
  },
  cuda: {
    available: true,
    cuda: 12,
    driver: '570.1',
    driver_library: { name: 'libcuda.so.1', path: '/lib/libcuda.so.1' },
    libraries: [{ name: 'libcudart.so.12', path: '/lib/libcudart.so.12' }],
    provider: { name: 'provider.so', path: null },
    commands: ['npm install onnxruntime-node'],
  },
  model: { folder: '/m', opened_in_ms: 1234, problem: null },
  cache: {
    folder: '/cache',
    exists: true,
    models: [
      { id: 'a/b', folder: '/cache/b', pipeline: 'StableDiffusionXLPipeline', bytes: 2 ** 33, problem: null },
      { id: 'a/c', folder: '/cache/c', pipeline: 'StableDiffusionXLPipeline', bytes: 5, problem: 'no unet' },
    ],
  },
  prepared: { folder: '/made', files: 2, bytes: 2 ** 31 },
  output: { folder: '/out', problem: null },
};

it('marks checks that passed, and facts without a verdict', () => {
  const text = reportText(well);
  for (const line of [
    'sdxl-refine 1.2.3',
    '  ✓ Node 20.9.0 (20.9 or later is needed)',
    '  · A CPU, 1 core',
    '    AVX2: UNet calls at full size are 1.4 times as fast with --precision int8, 1.2 times with --cache-weights, 1.9 times with both',
    '  · memory: 16.0 GiB, 8.0 GiB free, limited to 4.0 GiB',
    '  · disk: unknown free for temporary files (/tmp)',
    '  ✓ cpu: self-test passed in fp32, off by 8.5e-7 at most (0.0001 is accepted), 90 ms',
    '  ✓ cuda: self-test passed in fp16, off by 2.0e-3 at most (0.05 is accepted), 900 ms; 20.0 times as fast as the CPU',
    '  · webgpu: Vulkan has no driver here',
    '  · NVIDIA driver 570.1',
    '  · provider.so: missing',
    '      npm install onnxruntime-node',
    '  ✓ /m is complete (opened in 1.2 s)',
    '  ✓ a/b (StableDiffusionXLPipeline, 8.0 GiB)',
    '    --model /cache/b',
    '  · a/c (StableDiffusionXLPipeline, 5 bytes)',
    '    not complete: no unet',
    '  · 2 files, 2.0 GiB, in /made; may be deleted',
    'sdxl-refine can run here.',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toContain('✗');
});

it('marks every problem, and counts them', () => {
  const problem = { code: 'MODEL_NOT_FOUND', message: 'There is no model.' } as const;
  const late = { code: 'OUTPUT_UNWRITABLE', message: 'No place.' } as const;
  const text = reportText({
    ...well,
    problems: [problem, late],
    model: { folder: '/m', opened_in_ms: null, problem },
    output: { folder: '/out', problem: late },
  });
  expect(text).toContain('  ✗ There is no model. [MODEL_NOT_FOUND]\n');
  expect(text).toContain('  ✗ No place. [OUTPUT_UNWRITABLE]\n');
  expect(text).toContain('cannot run here: 2 problems, marked ✗ above');
  expect(text.match(/✗/g)).toHaveLength(3);
});

it('says that a model is not tried when the engine does not start, and that a test failed', () => {
  const problem = { code: 'ENGINE_START', message: 'It dies.' } as const;
  const engine = { version: null, devices: [], problem };
  const text = reportText({
    ...well,
    problems: [problem],
    engine,
    model: { folder: '/m', opened_in_ms: null, problem: null },
  });
  expect(text).toContain('  ✗ It dies. [ENGINE_START]\n');
  expect(text).toContain('  · /m: not tried');
  expect(text).toContain('one problem');
  const [cpu] = well.engine.devices;
  const wrong = { ...well.engine, devices: [{ ...cpu!, works: false, reason: 'its numbers are off by 3.0e-1' }] };
  expect(reportText({ ...well, engine: wrong })).toContain('  ✗ cpu: its numbers are off by 3.0e-1');
});
