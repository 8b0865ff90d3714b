/** A row whose numbers half precision cannot hold: done again in float32, and recorded. */
import { fork } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromChild, ToChild } from '#src/run/engine/protocol.js';
import { CPU } from '#src/onnx/graph/operators/target.js';
import type { RefineJob } from '#src/records/job.js';
import { model, workFolder } from '../../../support/batch.js';
import { plainSettings } from '../../../support/settings.js';

const folder = workFolder();
const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
/** 65504, as its bits. */
const LARGEST_HALF = 0x7bff;

/**
 * The tiny refiner with the first layer's bias as large as half precision can hold: sums of such numbers leave it, and in
 * float32 the next norm takes them away.
 */
const overflowingModel = (): string => {
  const copy = join(folder, 'overflowing');
  cpSync(model, copy, { recursive: true });
  const bytes = readFileSync(join(copy, UNET));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  const { dtype, data_offsets: offsets } = header['conv_in.bias']!;
  expect(dtype).toBe('F16');
  for (let place = offsets[0]; place < offsets[1]; place += 2) bytes.writeUInt16LE(LARGEST_HALF, 8 + length + place);
  writeFileSync(join(copy, UNET), bytes);
  return copy;
};

const job: RefineJob = {
  input: { kind: 'pixels', pixels: { data: new Uint8Array(64 * 64 * 3).fill(90), width: 64, height: 64 } },
  settings: { ...plainSettings, steps: 2, strength: 0.5 },
  output: 'pixels',
  bitDepth: 8,
};

/** What the engine's child answers to opening `path` in a precision and refining the job. */
const refineIn = async (path: string, precision: 'fp16' | 'fp32'): Promise<FromChild> => {
  const child = fork(fileURLToPath(new URL('../../../../../dist/run/engine/child.js', import.meta.url)), {
    serialization: 'advanced',
  });
  const answer = (message: ToChild): Promise<FromChild> =>
    new Promise((resolve, reject) => {
      child.once('exit', () => {
        reject(new Error('the child died'));
      });
      const onMessage = (said: FromChild): void => {
        if (said.kind === 'progress') return;
        child.off('message', onMessage);
        resolve(said);
      };
      child.on('message', onMessage);
      child.send(message);
    });
  const options = { model: path, modelName: 'tiny', device: 'cpu' } as const;
  /* No user can ask the CPU for half precision; it computes in it all the same. */
  const opened = await answer({ kind: 'open', options, target: { ...CPU, precision } });
  expect(opened).toMatchObject({ kind: 'opened', info: { precision } });
  const refined = await answer({ kind: 'refine', id: 1, job });
  child.kill('SIGKILL');
  /* Two runs take different times. */
  if (refined.kind === 'refined') {
    delete refined.reply.unetCalls;
    delete refined.reply.engineMs;
  }
  return refined;
};

it('a row that overflows half precision runs again in float32, and the result says so', async () => {
  const path = overflowingModel();
  const retried = await refineIn(path, 'fp16');
  expect(retried).toMatchObject({ kind: 'refined', reply: { precision: 'fp32' } });
  expect(retried).toEqual(await refineIn(path, 'fp32'));
});

it('a row without overflow stays in half precision', async () => {
  expect(await refineIn(model, 'fp16')).toMatchObject({ kind: 'refined', reply: { precision: 'fp16' } });
});
