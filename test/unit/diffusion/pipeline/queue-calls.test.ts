/** Which calls of several jobs run as one, by the rules of each network. */
import { queueUnet, queueVae } from '#src/diffusion/pipeline/queue-calls.js';
import type { Unet } from '#src/diffusion/unet/predict-noise.js';
import type { Autoencoder } from '#src/diffusion/vae/autoencoder.js';
import { UNET } from '#src/models/networks/unet.js';
import { VAE_DECODER } from '#src/models/networks/vae.js';
import { CallQueue } from '#src/onnx/runtime/call-queue.js';
import type { Feeds, Session } from '#src/onnx/runtime/session.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';

const zeros = (...dims: number[]): Tensor => tensor(new Float32Array(sizeOf(dims)), dims);

/** A network that gives back one of its inputs, and notes the batch size of each call. */
const noting = (input: string): { session: Session; batches: number[] } => {
  const batches: number[] = [];
  const run = (feeds: Feeds): Promise<Record<string, Tensor>> => {
    const given = feeds[input] as Tensor;
    batches.push(given.dims[0]!);
    return Promise.resolve({ output: given });
  };
  return { session: { run, close: () => Promise.resolve() }, batches };
};
const together = (queue: CallQueue, session: Session, calls: readonly Feeds[]): Promise<unknown> =>
  Promise.all(calls.map((feeds) => queue.during(() => session.run(feeds))));

const vaeOf = (session: Session, rowStrips: Autoencoder['rowStrips']): Autoencoder => ({
  config: {} as Autoencoder['config'],
  encoder: session,
  decoder: session,
  rowStrips,
});
const STRIPS: NonNullable<Autoencoder['rowStrips']> = {
  open: () => Promise.reject(new Error('no strips here')),
  tiling: 'off',
  isNchwc: false,
};

it.each([
  ['four of 512 × 512 pixels run as one', 64, 4, [4]],
  ['five of 512 × 512 pixels need two calls', 64, 5, [4, 1]],
  ['of 1024 × 1024 pixels each runs alone', 128, 2, [1, 1]],
])('VAE: %s', async (_, side, count, expected) => {
  const queue = new CallQueue();
  const { session, batches } = noting(VAE_DECODER.latents);
  const { decoder } = queueVae(vaeOf(session, STRIPS), queue);
  const calls = Array.from({ length: count }, () => ({ [VAE_DECODER.latents]: zeros(1, 4, side, side) }));
  await together(queue, decoder, calls);
  expect(batches).toEqual(expected);
});

it('the VAE of an ONNX export runs for each job alone', async () => {
  const queue = new CallQueue();
  const { session, batches } = noting(VAE_DECODER.latents);
  const { decoder, rowStrips } = queueVae(vaeOf(session, null), queue);
  await together(
    queue,
    decoder,
    [0, 1].map(() => ({ [VAE_DECODER.latents]: zeros(1, 4, 8, 8) })),
  );
  expect(batches).toEqual([1, 1]);
  expect(rowStrips).toBeNull();
});

it('UNet: prompts are stacked with their samples, and adapters at other weights stay apart', async () => {
  const queue = new CallQueue();
  const { session, batches } = noting(UNET.sample);
  const { session: queued } = queueUnet({ session, config: {} as Unet['config'] }, queue);
  const call = (weight: number): Feeds => ({
    [UNET.sample]: zeros(2, 4, 8, 8),
    [UNET.prompt]: zeros(2, 77, 4),
    'lora:ink': tensor(Float32Array.of(weight), [1]),
  });
  await together(queue, queued, [call(1), call(1), call(0.5)]);
  expect(batches.sort()).toEqual([2, 4]);
});
