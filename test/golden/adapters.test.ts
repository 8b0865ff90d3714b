/** LoRA, LoCon and DoRA against the same model with the weights merged by their formulas. */
import { join } from 'node:path';
import { unetNames } from '#src/models/weights/discovery/checkpoint-names.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { loadModel, type Model } from '#src/diffusion/pipeline/load-model.js';
import { refine } from '#src/diffusion/pipeline/refine.js';
import { openAdapters } from '#src/diffusion/pipeline/open-adapters.js';
import { applyAdapterWeights } from '#src/diffusion/pipeline/apply-adapters.js';
import type { LoraChoice } from '#src/records/model-options.js';
import type { RefineJob, RefineOutput } from '#src/records/job.js';
import { sliceBatch, type Tensor } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise } from '#src/diffusion/unet/predict-noise.js';
import { caseTensors, goldenData, maxDifference } from '../support/golden.js';
import {
  makeChanges,
  mergeInto,
  newLoraFolder,
  writeLora,
  type Change,
  type MakeOptions,
  type Naming,
} from '../support/lora.js';
import { plainSettings } from '../support/settings.js';

const TOLERANCE = 1e-4;
const CASE = 'refine-default';
/** No reference's numbers are compared here: any refiner does. */
const MODEL = 'small-refiner';
/** It is there as a checkpoint of one file, too. */
const TINY = 'tiny-refiner';

/** The names in the golden model's own one-file form, by those in its folder. */
const stabilityNames = async (): Promise<(layer: string) => string> => {
  const { tensors } = await openSafetensors(goldenData('models', `${TINY}.sgm.safetensors`));
  const own = new Map(
    Array.from(tensors)
      .filter(([name]) => name.startsWith(UNET))
      .map(([name, tensor]) => [name.slice(UNET.length), tensor]),
  );
  const file = [...own.keys()];
  /* Renaming keeps the order. */
  const byFolder = new Map(
    [...unetNames(new Map(Array.from(own, ([name, tensor]) => [name, { ...tensor, file: '' }]))).keys()].map(
      (name, index) => [name, file[index]!],
    ),
  );
  return (layer) => byFolder.get(`${layer}.weight`)!.replace(/\.weight$/, '');
};
const UNET = 'model.diffusion_model.';

const noiseOf = async ({ unet }: Model, name = CASE): Promise<Tensor> => {
  const golden = await caseTensors(name);
  const of = (key: string): Tensor => sliceBatch(golden(`unet0.${key}`), 1, 2);
  const condition = buildCondition(unet, of('encoder_hidden_states'), of('text_embeds'), [[...of('time_ids').data]]);
  return predictNoise(unet, of('sample'), golden('unet0.timestep').data[0]!, condition);
};

const pictureOf = async (model: Model): Promise<Uint8Array> => {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7) % 251);
  const job: RefineJob = {
    input: { kind: 'pixels', pixels: { data, width: 64, height: 64 } },
    settings: { ...plainSettings, prompt: 'a red fox', steps: 4 },
    output: 'pixels',
    bitDepth: 8,
  };
  const steps = refine(model, job);
  for (;;) {
    const { done, value } = await steps.next();
    if (done === true) return (value.output as Extract<RefineOutput, { kind: 'pixels' }>).pixels.data as Uint8Array;
  }
};

const spread = (a: Uint8Array, b: Uint8Array): number => maxDifference(Float32Array.from(a), Float32Array.from(b));

const expectSame = async (adapted: Model, merged: Model): Promise<void> => {
  expect(maxDifference((await noiseOf(adapted)).data, (await noiseOf(merged)).data)).toBeLessThan(TOLERANCE);
  const [ours] = await adapted.prompts.encode(['a red fox']);
  const [theirs] = await merged.prompts.encode(['a red fox']);
  expect(maxDifference(ours!.hidden.data, theirs!.hidden.data)).toBeLessThan(TOLERANCE);
  expect(maxDifference(ours!.pooled.data, theirs!.pooled.data)).toBeLessThan(TOLERANCE);
};

const write = async (changes: readonly Change[], naming: Naming): Promise<LoraChoice[]> => {
  const file = writeLora(join(newLoraFolder(), 'ink.safetensors'), changes, naming, await stabilityNames());
  return [{ name: 'ink', file, weight: 1 }];
};

const load = async (changes: readonly Change[], naming: Naming, model = MODEL): Promise<Model> =>
  loadModel(goldenData('models', model), { loras: await write(changes, naming) });

/** All numbers of a file that a graph gets, by layer; `up` with its scale, which some namings have in the matrix. */
const matricesOf = async (loras: readonly LoraChoice[], model: string): Promise<Map<string, Float32Array>> => {
  const { parts, warnings } = await openAdapters(loras, await findModel(goldenData('models', model)));
  expect(warnings).toEqual([]);
  const matrices = new Map<string, Float32Array>();
  for (const [part, [adapter]] of Object.entries(parts)) {
    for (const [layer, { down, mid, up, scale, gain }] of adapter?.layers ?? []) {
      const name = `${part} ${layer}`;
      matrices.set(`${name} down ${String(down.shape)}`, await readTensorF32(down)).set(
        `${name} up ${String(up.shape)}`,
        (await readTensorF32(up)).map((value) => value * scale),
      );
      if (mid !== null) matrices.set(`${name} mid ${String(mid.shape)}`, await readTensorF32(mid));
      if (gain !== null) matrices.set(`${name} gain`, gain);
    }
  }
  return matrices;
};

/** Of values near 1: a rounding of float32, and what it makes of the norms of a DoRA. */
const ROUNDING = 1e-6;

const expectSameMatrices = async (
  changes: readonly Change[],
  [naming, usual]: readonly [Naming, Naming],
  model = MODEL,
): Promise<void> => {
  const [ours, theirs] = [
    await matricesOf(await write(changes, naming), model),
    await matricesOf(await write(changes, usual), model),
  ];
  expect(ours.size).toBeGreaterThan(50);
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [name, values] of ours) expect(maxDifference(values, theirs.get(name)!)).toBeLessThan(ROUNDING);
};

const KINDS: Readonly<Record<string, Pick<MakeOptions, 'convolutions' | 'dora' | 'threefold'>>> = {
  LoRA: { convolutions: false, dora: false },
  LoCon: { convolutions: true, dora: false },
  'LoCon in three steps': { convolutions: true, dora: false, threefold: true },
  DoRA: { convolutions: true, dora: true },
};

/** Beside kohya's. LoCon's are the names of all layers. */
const OTHER_NAMINGS: Readonly<Record<string, readonly Naming[]>> = {
  LoRA: ['peft'],
  LoCon: ['peft', 'diffusers'],
  'LoCon in three steps': [],
  DoRA: ['peft'],
};

let plain: Model;
beforeAll(async () => {
  plain = await loadModel(goldenData('models', MODEL));
});

describe.each(Object.keys(KINDS))('%s', (kind) => {
  const make = (): Promise<Change[]> =>
    makeChanges({ model: MODEL, parts: ['unet', 'text_encoder_2'], seed: 11, ...KINDS[kind]! });
  const namings = OTHER_NAMINGS[kind]!;
  let changes: Change[];
  let adapted: Model;
  let merged: Model;
  beforeAll(async () => {
    changes = await make();
    adapted = await load(changes, 'kohya');
    merged = await loadModel(await mergeInto(MODEL, changes, 1));
  });

  it('equals the merged model, with tensor names of kohya', async () => {
    expect(adapted.warnings).toEqual([]);
    await expectSame(adapted, merged);
  });

  if (namings.length > 0) {
    /* The graph is made of these alone: the same matrices give the same results. */
    it.each(namings)('changes the same layers by the same matrices, with tensor names of %s', async (naming) => {
      await expectSameMatrices(changes, [naming, 'kohya']);
    });
  }

  it('its weight changes without opening the model again', async () => {
    const partly = await loadModel(await mergeInto(MODEL, changes, 0.4));
    const weighed = applyAdapterWeights(adapted, { ink: 0.4 });
    await expectSame(weighed, partly);
    expect(spread(await pictureOf(weighed), await pictureOf(partly))).toBeLessThanOrEqual(1);
    expect(spread(await pictureOf(adapted), await pictureOf(merged))).toBeLessThanOrEqual(1);

    const none = applyAdapterWeights(adapted, { ink: 0 });
    expect(await pictureOf(none)).toEqual(await pictureOf(plain));
    expect((await noiseOf(none)).data).toEqual((await noiseOf(plain)).data);
    expect(await none.prompts.encode(['a red fox'])).toEqual(await plain.prompts.encode(['a red fox']));
    /* The changes are no small ones. */
    expect(maxDifference((await noiseOf(adapted)).data, (await noiseOf(plain)).data)).toBeGreaterThan(0.01);
    expect(spread(await pictureOf(adapted), await pictureOf(plain))).toBeGreaterThan(3);
    expect(adapted.digest).not.toBe(plain.digest);
  });
});

it('changes both text encoders and the sharded UNet of a base model', async () => {
  const changes = await makeChanges({
    model: 'tiny-base',
    parts: ['unet', 'text_encoder', 'text_encoder_2'],
    seed: 5,
    convolutions: false,
    dora: false,
  });
  const merged = await loadModel(await mergeInto('tiny-base', changes, 1));
  const adapted = await load(changes, 'kohya', 'tiny-base');
  expect(adapted.warnings).toEqual([]);
  const [ours] = await adapted.prompts.encode(['a red fox']);
  const [theirs] = await merged.prompts.encode(['a red fox']);
  expect(maxDifference(ours!.hidden.data, theirs!.hidden.data)).toBeLessThan(TOLERANCE);
  expect(maxDifference(ours!.pooled.data, theirs!.pooled.data)).toBeLessThan(TOLERANCE);
  const [a, b] = [await noiseOf(adapted, 'base-text-to-image'), await noiseOf(merged, 'base-text-to-image')];
  expect(maxDifference(a.data, b.data)).toBeLessThan(TOLERANCE);
  await expectSameMatrices(changes, ['peft', 'kohya'], 'tiny-base');
});

it('changes the same layers by the same matrices, with the tensor names of a checkpoint of one file', async () => {
  const changes = await makeChanges({ ...KINDS['LoCon']!, model: TINY, parts: ['unet', 'text_encoder_2'], seed: 11 });
  await expectSameMatrices(changes, ['stability', 'kohya'], TINY);
});

it('two LoRAs add up, each with its weight', async () => {
  const [first, second] = [
    await makeChanges({ ...KINDS['LoCon']!, model: MODEL, parts: ['unet'], seed: 1 }),
    await makeChanges({ ...KINDS['LoRA']!, model: MODEL, parts: ['unet'], seed: 2 }),
  ];
  const folder = newLoraFolder();
  const loras = [
    { name: 'first', file: writeLora(join(folder, 'first.safetensors'), first, 'kohya'), weight: 0.5 },
    { name: 'second', file: writeLora(join(folder, 'second.safetensors'), second, 'peft'), weight: -0.3 },
  ];
  const adapted = await loadModel(goldenData('models', MODEL), { loras });
  /* Merged weights add up too. */
  const once = await mergeInto(MODEL, first, 0.5);
  const merged = await loadModel(await mergeInto(MODEL, second, -0.3, once));
  expect(maxDifference((await noiseOf(adapted)).data, (await noiseOf(merged)).data)).toBeLessThan(TOLERANCE);
});

it('gives the same results with --cache-weights', async () => {
  const changes = await makeChanges({ ...KINDS['DoRA']!, model: MODEL, parts: ['unet'], seed: 9 });
  const file = writeLora(join(newLoraFolder(), 'ink.safetensors'), changes, 'kohya');
  const loras = [{ name: 'ink', file, weight: 0.7 }];
  process.env['SDXL_REFINE_CACHE'] = newLoraFolder();
  const cached = await loadModel(goldenData('models', MODEL), { loras, memory: 'cached' });
  const lean = await loadModel(goldenData('models', MODEL), { loras });
  delete process.env['SDXL_REFINE_CACHE'];
  expect(maxDifference((await noiseOf(cached)).data, (await noiseOf(lean)).data)).toBeLessThan(TOLERANCE);
});
