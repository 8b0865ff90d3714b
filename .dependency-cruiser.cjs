'use strict';
/* The arrows of docs/architecture.md, as rules. Each comment is what a person who breaks the rule reads. */
const only = (name, folder, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${folder}/|errors[.]ts$|records[.]ts$${allowed ? `|(${allowed})/` : ''})` },
});
const home = (name, pattern, rooms, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${rooms})/` },
  to: { path: pattern },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', comment: 'data flows one way', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-knows-no-tests',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'errors-and-records-are-leaves',
      comment: 'everything may depend on them, so they depend on nothing else',
      severity: 'error',
      from: { path: '^src/(errors|records)[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(errors|records)[.]ts$' },
    },
    only(
      'maths-is-pure',
      '(schedulers|random|tensor)',
      '',
      'schedulers, random and tensor are mathematics: no model, no I/O',
    ),
    {
      name: 'maths-has-no-node',
      comment: 'no I/O, no clock, no package in the mathematics',
      severity: 'error',
      from: { path: '^src/(schedulers|random|tensor)/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    only(
      'manifest-imports-down',
      'manifest',
      'schedulers',
      'a manifest becomes rows; it knows nothing of what runs them',
    ),
    only('image-is-alone', 'image', '', 'pictures in, pictures out'),
    only('results-are-alone', 'results', '', 'result records and their journal'),
    only('metadata-is-alone', 'metadata', '', 'what made a picture, from its bytes and into them; it opens no file'),
    only('weights-are-alone', 'weights', 'tensor', 'files of weights, untrusted; they know no network'),
    only('graph-is-alone', 'graph', '', 'writes ONNX; it knows no network and no file'),
    only('networks-over-graph', 'networks', 'graph|weights', 'what the networks are, over the graph builder'),
    only('runtime-over-graph', 'runtime', 'graph|tensor', 'sessions over written graphs'),
    only(
      'text-stage',
      'text',
      'networks|runtime|tensor',
      'stages never import each other: only the pipeline knows the order',
    ),
    only(
      'vae-stage',
      'vae',
      'networks|runtime|tensor',
      'stages never import each other: only the pipeline knows the order',
    ),
    only(
      'unet-stage',
      'unet',
      'networks|runtime|tensor',
      'stages never import each other: only the pipeline knows the order',
    ),
    only(
      'pipeline-imports-down',
      'pipeline',
      'text|vae|unet|schedulers|random|tensor|networks|weights|runtime|graph',
      'the pipeline knows no row, no engine, no file of results',
    ),
    only(
      'engine-imports-down',
      'engine',
      'pipeline|runtime|tensor|schedulers',
      'the child process runs the pipeline; the parent only speaks to it',
    ),
    only(
      'batch-imports-down',
      'batch',
      'manifest|engine|image|metadata|results|weights|schedulers',
      'the run: it never reaches into the networks',
    ),
    only(
      'compare-imports-down',
      'compare',
      'image|results',
      'before and after, from the results of a run; it runs nothing',
    ),
    only(
      'doctor-imports-down',
      'doctor',
      'engine|runtime|graph|tensor|weights',
      'what this machine can run; it refines nothing',
    ),
    home(
      'ort-only-in-runtime',
      'node_modules/onnxruntime-',
      'runtime',
      'sessions, devices and memory policy have one home',
    ),
    home('sharp-only-in-image', 'node_modules/sharp', 'image', 'decoding and encoding have one home'),
    home('onnx-proto-only-in-graph', 'node_modules/onnx-proto', 'graph', 'ONNX is written in one place'),
    home(
      'csv-and-glob-only-in-manifest',
      'node_modules/(csv-parse|fast-glob)',
      'manifest',
      'inputs are read in one place',
    ),
    home('yaml-only-in-cli', 'node_modules/yaml', 'cli', 'the configuration file belongs to the command line'),
    home('commander-only-in-cli', 'node_modules/(commander|cli-progress)', 'cli', 'the command line has one home'),
    home(
      'files-at-the-edges',
      '^(node:)?fs(/promises)?$',
      'manifest|image|results|weights|batch|text|cli|hub|compare|doctor',
      'I/O lives at the edges',
    ),
    home('processes-only-in-engine', '^(node:)?child_process$', 'engine|cli|doctor', 'the engine owns its child'),
    {
      name: 'bin-to-cli-only',
      severity: 'error',
      from: { path: '^bin/' },
      to: { path: '^(src|dist)/', pathNot: '^(src|dist)/cli/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build)/' },
  },
};
