/**
 * Each device family's lowering of whole networks, checked on the CPU: ONNX Runtime accepts its types and shapes, the only
 * operators without a CPU kernel are those that the device has, and its arithmetic equals the CPU lowering's.
 */
import { InferenceSession } from '#onnxruntime-node';
import type { WrittenGraph } from '#src/onnx/graph/onnx/graph-builder.js';
import { fusionsOf } from '#src/onnx/graph/operators/lowerings.js';
import { CPU, type Target } from '#src/onnx/graph/operators/target.js';
import { CLIP, writeClipTextEncoder } from '#src/models/networks/clip-text-encoder.js';
import { parseClipConfig } from '#src/models/networks/clip-config.js';
import type { LayerScope } from '#src/models/networks/layer-scope.js';
import { UNET, writeUnet } from '#src/models/networks/unet.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { VAE_DECODER, VAE_ENCODER, writeVaeDecoder, writeVaeEncoder } from '#src/models/networks/vae.js';
import { writeGraph } from '#src/models/networks/write-graph.js';
import { messageOf } from '#src/errors.js';
import { openSession, type Feeds } from '#src/onnx/runtime/session.js';
import { sessionOptions } from '#src/onnx/runtime/session-options.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';
import { findModelFolder } from '#src/models/weights/discovery/model-folder.js';
import { openComponent } from '#src/models/weights/discovery/open-weights.js';
import { DEFINED, defineKernels } from '../../../support/define-kernels.js';
import { goldenData, maxDifference } from '../../../support/golden.js';

/** Numbers between -1 and 1 with no pattern that an error could hide in. */
const numbers = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(index * 78.233 + dims.length)),
    dims,
  );

interface TestNetwork {
  write: (target: Target) => WrittenGraph;
  feeds: Feeds;
}

const networks = async (): Promise<Record<string, TestNetwork>> => {
  const { unet, textEncoder2: text, vae } = await findModelFolder(goldenData('models/tiny-refiner'));
  const network = async (part: typeof unet, write: (scope: LayerScope) => void, feeds: Feeds): Promise<TestNetwork> => {
    const weights = await openComponent(part);
    return { write: (target) => writeGraph('test', weights, write, { target }), feeds };
  };
  const [unetConfig, clipConfig] = [parseUnetConfig(unet.config, ''), parseClipConfig(text.config, '')];
  const vaeConfig = parseVaeConfig(vae.config, '');
  const ids = Array.from({ length: clipConfig.positions * 2 }, (_, index) => (index * 37) % 500);
  return {
    UNet: await network(
      unet,
      (scope) => {
        writeUnet(scope, unetConfig);
      },
      {
        /* Odd sides: down blocks round them up, and up blocks restore them. */
        [UNET.sample]: numbers(2, 4, 9, 7),
        [UNET.timestep]: numbers(2, unetConfig.timestepEmbedDim),
        [UNET.prompt]: numbers(2, 77, unetConfig.crossAttentionDim),
        [UNET.addition]: numbers(2, unetConfig.addedCondDim),
      },
    ),
    'text encoder': await network(
      text,
      (scope) => {
        writeClipTextEncoder(scope, clipConfig);
      },
      {
        [CLIP.ids]: { integers: ids },
        [CLIP.endOfText]: { integers: [5, clipConfig.positions + 9] },
      },
    ),
    'VAE encoder': await network(
      vae,
      (scope) => {
        writeVaeEncoder(scope, vaeConfig);
      },
      {
        [VAE_ENCODER.image]: numbers(1, 3, 24, 40),
      },
    ),
    'VAE decoder': await network(
      vae,
      (scope) => {
        writeVaeDecoder(scope, vaeConfig);
      },
      {
        [VAE_DECODER.latents]: numbers(1, 4, 3, 5),
      },
    ),
  };
};

const all = await networks();
const run = async (graph: WrittenGraph, feeds: Feeds): Promise<Tensor[]> => {
  const opened = await openSession(graph);
  const outputs = await opened.run(feeds);
  await opened.close();
  return Object.values(outputs);
};

/** CUDA and DirectML have every lowering. */
const LOWERINGS = fusionsOf('cuda').map((fusion) => ({ family: 'cuda', index: 0, fusion }) as const);
const targets = [...LOWERINGS, { family: 'dml', index: 0, fusion: 'fused' } as const].flatMap((lowering) =>
  (['fp32', 'fp16'] as const).map((precision): Target => ({ ...lowering, precision })),
);

/** float32: another order of summation. Half precision: its rounding, amplified by random weights. */
const TOLERANCE = { fp32: 1e-4, fp16: 3e-2 } as const;

describe.each(Object.keys(all))('%s', (name) => {
  const { write, feeds } = all[name]!;
  let expected: Tensor[];
  beforeAll(async () => {
    expected = await run(write(CPU), feeds);
  });

  /* The VAE always runs in float32. */
  const used = targets.filter(({ precision }) => precision === 'fp32' || !name.startsWith('VAE'));
  it.each(used.map((target) => [`${target.family} ${target.fusion} ${target.precision}`, target] as const))(
    '%s computes the CPU lowering’s results',
    async (_, target) => {
      const graph = write(target);
      const ours = await run(defineKernels(graph), feeds);
      expect(ours.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
      for (const [index, { data }] of expected.entries()) {
        const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        const difference = maxDifference(ours[index]!.data, data) / largest;
        expect(difference).toBeLessThan(TOLERANCE[target.precision as 'fp32' | 'fp16']);
        /* The two graphs differ. */
        if (target.precision === 'fp16') expect(difference).toBeGreaterThan(0);
      }
    },
  );

  it.each(['cuda', 'dml'] as const)('ONNX Runtime accepts types and shapes of the %s lowering', async (family) => {
    const graph = write({ family, index: 0, fusion: 'fused', precision: 'fp16' });
    /* ONNX Runtime checks types and shapes before it looks for kernels; only kernels may be missing. */
    const opening = InferenceSession.create(graph.bytes, {
      ...sessionOptions({ ...graph, target: CPU }),
      logSeverityLevel: 4,
    });
    const missing = await opening.then(() => null, messageOf);
    if (name === 'text encoder') expect(missing).toBeNull();
    else expect(missing).toMatch(new RegExp(`^Failed to find kernel for com\\.microsoft\\.(${DEFINED.join('|')})\\(`));
  });
});
