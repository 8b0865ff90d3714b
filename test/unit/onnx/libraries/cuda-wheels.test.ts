import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUDA_WHEELS, ENGINE_VERSION } from '#src/onnx/libraries/cuda-wheels.js';
import { whyNoCode } from '#src/onnx/libraries/nvidia-driver.js';
import { root } from '../../../support/golden.js';

it('the CUDA library is of exactly the version of the engine that the package carries', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'vendor/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(ENGINE_VERSION).toBe(dependencies['onnxruntime-node']);
  expect(CUDA_WHEELS.filter(({ isEngine }) => isEngine).map(({ version }) => version)).toEqual([ENGINE_VERSION]);
});

it.each(CUDA_WHEELS.map((wheel) => [wheel.project, wheel] as const))('%s is listed consistently', (project, wheel) => {
  expect(wheel.file.startsWith(`${project.replaceAll('-', '_')}-${wheel.version}-`)).toBe(true);
  expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
  const names = wheel.files.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => /licen[cs]e/i.test(name))).toHaveLength(1);
  expect(names.filter((name) => !/^[\w][\w.+-]*$/.test(name))).toEqual([]);
});

it.each([
  ['7.5', true],
  ['8.7', true],
  ['9.0', true],
  ['12.1', true],
  ['6.1', false],
  ['7.0', false],
  ['10.0', false],
  [null, true],
])('a card of compute capability %s: code for it is %s', (computeCapability, runs) => {
  expect(whyNoCode({ computeCapability }) === null).toBe(runs);
});
