/**
 * The arrows of docs/architecture.md, as rules over paths of imports. `why` is what a person who breaks the rule reads.
 * A built-in module is `node:<name>`, a package `node_modules/<name>`, code of others in the package `vendor/<name>`.
 */
import { createRequire } from 'node:module';

const { layers } = createRequire(import.meta.url)('./layers.cjs');

/** Everything may import these, and they import nothing else. */
const LEAVES = 'errors[.]ts$|records/|io/json/';
const folderOf = (layer, module) => (module === undefined ? layer.name : `${layer.name}/${module.name}`);
const folders = new Map(
  layers.flatMap((layer) =>
    layer.modules.length === 0
      ? [[layer.name, layer.name]]
      : layer.modules.map((module) => [module.name, folderOf(layer, module)]),
  ),
);
const pattern = (names) => names.map((name) => folders.get(name)).join('|');

const rulesOf = (folder, { name, imports, why }) => ({
  name: `${name}-imports`,
  why,
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: `^src/(${LEAVES}|${folder}/${imports.length > 0 ? `|(${pattern(imports)})/` : ''})`,
  },
});
const moduleRules = layers.flatMap((layer) =>
  layer.modules.length === 0
    ? [rulesOf(layer.name, layer)]
    : layer.modules.filter(({ imports }) => imports !== '*').map((one) => rulesOf(folderOf(layer, one), one)),
);
const layerRules = layers.slice(1).map((layer, at) => ({
  name: `${layer.name}-looks-right`,
  why: 'a layer imports itself and what stands to its right (docs/architecture.md)',
  from: { path: `^src/${layer.name}/` },
  to: {
    path: `^src/(${layers
      .slice(0, at + 1)
      .map(({ name }) => name)
      .join('|')})/`,
  },
}));
const home = (name, path, modules, why) => ({
  name,
  why,
  from: { path: '^src/', pathNot: `^src/(${pattern(modules)})/` },
  to: { path },
});

export const rules = [
  {
    name: 'src-knows-no-tests',
    why: 'what is published needs nothing of a checkout',
    from: { path: '^(src|bin)/' },
    to: { path: '^(test|bench|scripts)/' },
  },
  {
    name: 'errors-and-records-are-leaves',
    why: 'everything may depend on them, so they depend on nothing else',
    from: { path: '^src/(errors[.]ts$|records/)' },
    to: { path: '^src/', pathNot: '^src/(errors[.]ts$|records/)' },
  },
  {
    name: 'maths-has-no-node',
    why: 'no I/O, no clock, no package in the mathematics',
    from: { path: `^src/(${pattern(['schedulers', 'random', 'tensor'])})/` },
    to: { path: '^(node:|node_modules/)' },
  },
  ...layerRules,
  ...moduleRules,
  home('ort-only-in-runtime', '/onnxruntime-', ['runtime'], 'sessions, devices and memory policy have one home'),
  home('sharp-only-in-image', '^node_modules/sharp', ['image'], 'decoding and encoding have one home'),
  home('opendal-only-in-store', '^node_modules/@?opendal', ['store'], 'object storage has one home'),
  home('onnx-proto-only-in-graph', '/onnx-proto', ['graph'], 'ONNX is written in one place'),
  home('csv-only-in-manifest', '^node_modules/csv-parse', ['manifest'], 'inputs are read in one place'),
  home(
    'glob-where-files-are-listed',
    '^node_modules/fast-glob',
    ['manifest', 'results'],
    'inputs are listed in one place, results to merge in another: a manifest listing leaves results out',
  ),
  home(
    'web-only-in-server',
    '^node_modules/(fastify|prom-client|ipaddr[.]js)',
    ['server'],
    'what faces the network has one home',
  ),
  home('yauzl-only-in-libraries', '^node_modules/yauzl', ['libraries'], 'wheels are unpacked in one place'),
  home('undici-only-in-net', '^node_modules/undici', ['net'], 'proxies are honoured in one place'),
  home('yaml-only-in-cli', '^node_modules/yaml', ['cli'], 'the configuration file belongs to the command line'),
  home(
    'commander-only-in-cli',
    '^node_modules/(commander|picocolors|string-width|wrap-ansi)',
    ['cli'],
    'the command line has one home',
  ),
  home(
    'files-at-the-edges',
    '^node:fs(/promises)?$',
    [
      ...['files', 'store', 'net', 'system', 'manifest', 'image', 'results', 'weights', 'batch', 'queue', 'text'],
      ...['cli', 'hub', 'compare', 'devices', 'doctor', 'libraries', 'server', 'safety'],
    ],
    'I/O lives at the edges',
  ),
  home(
    'processes-only-in-engine',
    '^node:child_process$',
    ['engine', 'cli', 'devices', 'doctor', 'libraries'],
    'the engine owns its child, a device is tried in one, and nvidia-smi lists cards',
  ),
  {
    name: 'bin-to-cli-only',
    why: 'the command has no code of its own',
    from: { path: '^bin/' },
    to: { path: '^(src|dist)/', pathNot: '^(src|dist)/app/cli/' },
  },
];
