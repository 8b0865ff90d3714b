import { visibleDevices } from '#src/onnx/devices/cuda-devices.js';

const gpus = ['GPU-aa11', 'GPU-aa22', 'GPU-bb33'].map((uuid, index) => ({
  index,
  uuid,
  name: `card ${index}`,
  computeCapability: '9.0',
  memoryBytes: 1,
  driver: '580.1',
}));

it.each([
  ['1', ['card 1']],
  ['2,0', ['card 2', 'card 0']],
  ['', []],
  ['-1', []],
  ['0,-1,1', ['card 0']],
  ['0, 7, 1', ['card 0']],
  ['GPU-bb', ['card 2']],
  /* Two cards begin so. */
  ['GPU-aa', []],
  ['MIG-5', ['MIG-5']],
])('CUDA_VISIBLE_DEVICES=%s', (visible, names) => {
  expect(visibleDevices(gpus, visible).map(({ name }) => name)).toEqual(names);
});
