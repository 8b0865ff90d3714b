/** Files that say how things are to be: settings of a run, a model's configurations and index, exported networks. */
import { deepStrictEqual, ok } from 'node:assert';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import fc from 'fast-check';
import { readConfigFile } from '#src/app/cli/config/config-file.js';
import { configKeys } from '#src/app/cli/config/config-keys.js';
import { readModelDefaults } from '#src/app/cli/options/model-defaults.js';
import { parseClipConfig } from '#src/models/networks/clip-config.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { parseModelIndex } from '#src/models/weights/discovery/model-index.js';
import { readJsonObject } from '#src/models/weights/discovery/read-json.js';
import { chooseWeightFiles } from '#src/models/weights/discovery/weight-files.js';
import { parseOnnxModel } from '#src/onnx/graph/onnx/import-graph.js';
import { goldenData, root } from '../support/golden.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';
import { scratch, scratchFolder } from './scratch.js';

const keys = configKeys(
  new Command('batch')
    .option('--strength <value>', 'strength')
    .option('--prompt <text>', 'prompt')
    .option('--output-dir <folder>', 'where')
    .option('--limit <n>', 'rows')
    .option('--overwrite', 'replace'),
);
const JSON_SETTINGS = '{"strength":0.25,"prompt":"two\\nlines","output_dir":"out","limit":3,"overwrite":true}';
const settings = mutationsOf(
  {
    'a.json': () => Buffer.from(JSON_SETTINGS),
    'a.yaml': () =>
      Buffer.from(
        'strength: 0.25 # a comment\nprompt: |-\n  two\n  lines\noutput_dir: out\nlimit: 3\noverwrite: true\n',
      ),
    'b.yml': () => Buffer.from('base: &a {strength: 0.5}\nprompt: "a \\u00e9"\nlimit: !!int "3"\n<<: *a\n'),
  },
  [
    '- ',
    ': ',
    '? ',
    '&a ',
    '*a',
    '<<: ',
    '!!js/function ',
    '!!binary ',
    '---\n',
    '...\n',
    '|\n',
    '>\n',
    '\t',
    '%YAML 1.2\n',
    '[[[[',
    '{{{{',
    'strength',
    'promt',
    'null',
    '~',
    '.inf',
    '0x1f',
    '2026-11-27',
  ],
);

const part = (name: string) => () => readFileSync(goldenData('models', 'tiny-base', name, 'config.json'));
const configs = mutationsOf(
  {
    unet: part('unet'),
    vae: part('vae'),
    text: part('text_encoder_2'),
    index: () => readFileSync(goldenData('models', 'tiny-base', 'model_index.json')),
    defaults: () => readFileSync(`${root}/models/emoji-refiner/refine-defaults.json`),
  },
  [
    '"block_out_channels":',
    '"layers_per_block":',
    '"_class_name":',
    '"unet":',
    '[null,null]',
    'null',
    'true',
    '-1',
    '0',
    '1e308',
    '9'.repeat(20),
    '[]',
    '{}',
    '"x":1,',
    '"steps":',
    '"__proto__":{},',
  ],
);
const PARSE: Readonly<Record<string, (raw: Record<string, unknown>) => unknown>> = {
  unet: (raw) => parseUnetConfig(raw, 'unet'),
  vae: (raw) => parseVaeConfig(raw, 'vae'),
  text: (raw) => parseClipConfig(raw, 'text'),
  index: (raw) => parseModelIndex(raw, 'model_index.json'),
};
const indices = mutationsOf(
  {
    index: () =>
      Buffer.from(
        '{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}',
      ),
  },
  ['"weight_map":', '"../x.safetensors"', '"/x"', '"x.bin"', 'null', '[]', '5'],
);
const networks = mutationsOf(
  {
    'vae.onnx': () =>
      readFileSync(goldenData('models', 'tiny-refiner-onnx', 'vae_decoder', 'model.onnx')).subarray(0, 20_000),
  },
  ['\x08', '\x12', '\x0a', '\x3a', '\xff\xff\xff\xff\x0f', '\x80\x80\x80\x80\x80', 'location', '../x'],
);

export const properties = [
  property(
    'settings: a damaged file is refused in few words, or sets what its keys take',
    'file',
    settings.arbitrary,
    async (one) => {
      const path = scratch(one.file, await settings.bytesOf(one));
      const read = await orRefused(() => readConfigFile(path, scratchFolder(), keys), 'USAGE_OPTION_INVALID');
      for (const name of read?.settings.keys() ?? []) ok(keys.some((key) => key.name === name));
    },
    100,
  ),
  property(
    'settings: JSON says the same in a file of YAML',
    'file',
    fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(99),
      fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
    ),
    async ([strength, limit, prompt]) => {
      const text = JSON.stringify({ strength, limit, prompt });
      const [asJson, asYaml] = await Promise.all(
        ['s.json', 's.yaml'].map((name) => readConfigFile(scratch(name, text), scratchFolder(), keys)),
      );
      deepStrictEqual(asYaml?.settings, asJson?.settings);
    },
    50,
  ),
  property(
    'settings: a model’s damaged configuration is refused in few words, or read',
    'file',
    configs.arbitrary,
    async (one) => {
      const bytes = await configs.bytesOf(one);
      const codes = ['MODEL_CONFIG_INVALID', 'MODEL_CONFIG_UNSUPPORTED'] as const;
      if (one.file === 'defaults') {
        scratch('refine-defaults.json', bytes);
        await orRefused(() => readModelDefaults(scratchFolder()), ...codes);
        return;
      }
      const path = scratch('config.json', bytes);
      await orRefused(async () => PARSE[one.file]?.(await readJsonObject(path, 'modelConfig')), ...codes);
    },
    100,
  ),
  property(
    'settings: a damaged index of shards names none outside its folder',
    'file',
    indices.arbitrary,
    async (one) => {
      scratch('model.safetensors.index.json', await indices.bytesOf(one));
      await orRefused(
        () => chooseWeightFiles(scratchFolder(), 'model'),
        'MODEL_CONFIG_INVALID',
        'WEIGHTS_FILE_MISSING',
      );
    },
  ),
  property(
    'settings: a damaged network is no ONNX model, or says what it takes',
    'file',
    networks.arbitrary,
    async (one) => {
      const bytes = await networks.bytesOf(one);
      try {
        const { inputs, outputs, locations } = parseOnnxModel(bytes);
        ok(inputs.size >= 0 && outputs.length >= 0 && locations.every((location) => typeof location === 'string'));
      } catch (thrown) {
        /* The decoder's own, which whoever opens it wraps; a fault of the program is none of these. */
        ok(!(thrown instanceof TypeError) && !(thrown instanceof ReferenceError), String(thrown));
      }
    },
  ),
];
