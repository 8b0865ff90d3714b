/** One-file checkpoints: the golden one against the golden folder, and files of the published shapes. */
import { createHash } from 'node:crypto';
import { closeSync, cpSync, ftruncateSync, openSync, readFileSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseClipConfig } from '#src/models/networks/clip-config.js';
import { writeClipTextEncoder } from '#src/models/networks/clip-text-encoder.js';
import type { LayerScope } from '#src/models/networks/layer-scope.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { writeUnet } from '#src/models/networks/unet.js';
import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { writeVaeDecoder, writeVaeEncoder } from '#src/models/networks/vae.js';
import { writeGraph } from '#src/models/networks/write-graph.js';
import { readClipTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { findVae } from '#src/models/weights/discovery/find-vae.js';
import type { ModelComponent } from '#src/models/weights/discovery/model-files.js';
import { openComponent } from '#src/models/weights/discovery/open-weights.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import type { Weight } from '#src/models/weights/weight-map.js';
import { goldenData } from '../support/golden.js';
import { temporaryFolder } from '../support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const digest = async (tensor: Weight): Promise<string> =>
  createHash('sha256')
    .update(new Uint8Array((await readTensorF32(tensor)).buffer))
    .digest('hex');

describe('the golden checkpoint', () => {
  const file = join(folder, 'tiny.safetensors');
  const golden = goldenData('models/tiny-refiner');

  beforeAll(() => {
    symlinkSync(goldenData('models/tiny-refiner.sgm.safetensors'), file);
    cpSync(golden, join(folder, 'tiny'), { recursive: true, filter: (path) => extname(path) !== '.safetensors' });
  });

  it.each(['unet', 'vae', 'textEncoder2'] as const)('holds the folder’s %s under the folder’s names', async (name) => {
    const [ours, theirs] = [await findModel(file), await findModel(golden)].map((model) => model[name]);
    const [one, many] = [await openComponent(ours!), await openComponent(theirs!)];
    const expected = new Map(many.entries());
    let compared = 0;
    for (const [key, tensor] of one.entries()) {
      if (key === 'text_projection' || key === 'logit_scale') continue;
      const other = expected.get(key);
      expect([key, tensor.shape]).toEqual([key, other?.shape]);
      expect(await digest(tensor as Weight)).toBe(await digest(other as Weight));
      compared++;
    }
    expect(compared).toBe(many.size - (name === 'textEncoder2' ? 1 : 0));
  });

  it('without its configuration: the error says where to put it', async () => {
    const alone = join(folder, 'alone.safetensors');
    symlinkSync(goldenData('models/tiny-refiner.sgm.safetensors'), alone);
    await expect(findModel(alone)).rejects.toMatchObject({
      code: 'MODEL_CONFIG_UNSUPPORTED',
      message: expect.stringContaining(
        `to begin with 384 channels, as SDXL's refiner, found 32 in ${alone}. A checkpoint has no configuration: put the model's folder without the weights at ${join(folder, 'alone')}.`,
      ) as string,
    });
  });
});

/** A file whose header is the published model's and whose data is a hole. */
const sparse = (name: string, keeps: (key: string) => boolean = () => true): string => {
  const path = join(folder, `${name}.safetensors`);
  const shapes = JSON.parse(
    gunzipSync(readFileSync(goldenData('checkpoints', `${name}.json.gz`))).toString(),
  ) as Record<string, number[]>;
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(shapes)
      .filter(([key]) => keeps(key))
      .map(([key, shape]) => {
        const begin = end;
        end += 2 * shape.reduce((product, side) => product * side, 1);
        return [key, { dtype: 'F16', shape, data_offsets: [begin, end] }];
      }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const handle = openSync(path, 'w');
  writeSync(handle, Buffer.concat([prefix, json]));
  ftruncateSync(handle, 8 + json.length + end);
  closeSync(handle);
  return path;
};

describe.each([
  ['refiner', true],
  ['base', false],
] as const)('a file of the published %s’s names and shapes', (name, isRefiner) => {
  it('is that model: every network finds its tensors, and none is left', async () => {
    const model = await findModel(sparse(name));
    expect(model.index.requiresAestheticsScore).toBe(isRefiner);
    expect(model.index.forceZerosForEmptyPrompt).toBe(!isRefiner);
    expect(model.unknownTensors).toEqual([]);
    const unused = async (part: ModelComponent, ...writers: ((scope: LayerScope) => void)[]): Promise<string[]> => {
      const weights = await openComponent(part);
      for (const write of writers) writeGraph('network', weights, write);
      return weights.unused();
    };
    const text = (part: ModelComponent) => (scope: LayerScope) => {
      writeClipTextEncoder(scope, parseClipConfig(part.config, part.folder));
    };
    const vae = parseVaeConfig(model.vae.config, 'vae');
    expect(
      await unused(model.unet, (scope) => {
        writeUnet(scope, parseUnetConfig(model.unet.config, 'unet'));
      }),
    ).toEqual([]);
    expect(
      await unused(
        model.vae,
        (scope) => {
          writeVaeEncoder(scope, vae);
        },
        (scope) => {
          writeVaeDecoder(scope, vae);
        },
      ),
    ).toEqual([]);
    expect(await unused(model.textEncoder2, text(model.textEncoder2))).toEqual(['logit_scale']);
    expect(model.textEncoder === null).toBe(isRefiner);
    if (model.textEncoder === null) return;
    const first = await unused(model.textEncoder, text(model.textEncoder));
    expect(first.filter((key) => !/\.layers\.11\.|\.final_layer_norm\.|\.position_ids$/.test(key))).toEqual([]);
  });
});

it('CLIP’s tokenizer comes with the program, and pads as each encoder was trained', async () => {
  const tokens = JSON.parse(readFileSync(goldenData('clip-vocab/tokens.json'), 'utf8')) as {
    prompt: string;
    ids: number[];
    untruncated: number[];
  }[];
  const [second, first] = [await readClipTokenizer(false), await readClipTokenizer(true)];
  for (const { prompt, ids, untruncated } of tokens) {
    expect([...second.encode(prompt)]).toEqual(ids);
    expect([...first.encode(prompt)]).toEqual(ids.map((id, place) => (place < untruncated.length ? id : 49407)));
  }
});

it('a checkpoint without its VAE says so, and takes another', async () => {
  const path = sparse('refiner', (key) => !key.startsWith('first_stage_model.'));
  const model = await findModel(path);
  await expect(openComponent(model.vae)).rejects.toMatchObject({
    code: 'MODEL_CONFIG_UNSUPPORTED',
    message: expect.stringMatching(/without any first_stage_model\.\* tensor\. Give its VAE as --vae\.$/) as string,
  });
  const vae = await findVae(goldenData('models/tiny-refiner/vae'), model.vae);
  expect((await openComponent(vae)).has('encoder.conv_in.weight')).toBe(true);
});
