'use strict';
/**
 * The layers of src/, from left to right, and their modules: what lives there, and which modules it may import. A layer imports itself and
 * what stands to its right. `import-rules.mjs` makes rules of this; `make-docs.mjs` the tables of docs/architecture.md.
 */
const IO = ['files', 'net'];
const STAGE = 'stages never import each other: only the pipeline knows the order';

exports.layers = [
  {
    name: 'app',
    holds: 'what a person or a program meets',
    modules: [
      {
        name: 'cli',
        holds: 'the command line: commands, options, configuration, progress, signals, exit codes',
        imports: '*',
        why: 'the command line puts everything together',
      },
      {
        name: 'server',
        holds:
          'the online endpoint: HTTP, requests to rows, one queue before the engine, its pages; pictures by URL from the public internet only; metrics of workers',
        imports: ['batch', 'engine', 'image', 'manifest', 'queue', 'safety'],
        why: 'requests to answers; options, keys and signals reach it from the command line',
      },
      {
        name: 'doctor',
        holds: 'what this machine can run',
        imports: ['devices', 'engine', 'files', 'graph', 'hub', 'libraries', 'runtime', 'system', 'tensor', 'weights'],
        why: 'what this machine can run; it refines nothing',
      },
      {
        name: 'compare',
        holds: 'the before-and-after page and the contact sheet',
        imports: ['files', 'image', 'results', 'store'],
        why: 'before and after, from the results of a run; it runs nothing',
      },
    ],
  },
  {
    name: 'run',
    holds: 'rows in, results out',
    modules: [
      {
        name: 'batch',
        holds: 'the run: order, read-ahead, isolation, resume, dry run',
        imports: [
          'engine',
          'files',
          'image',
          'manifest',
          'metadata',
          'results',
          'safety',
          'schedulers',
          'store',
          'system',
          'weights',
        ],
        why: 'the run: it never reaches into the networks',
      },
      {
        name: 'queue',
        holds:
          'a run in chunks on a queue, for several machines: cutting, feeding, working, collecting; only this module imports BullMQ',
        imports: ['batch', 'engine', 'files', 'manifest', 'results', 'safety', 'store'],
        why: 'how chunks of a run reach workers, and their results come back; the rows themselves run as in batch',
      },
      {
        name: 'manifest',
        holds: 'JSONL, CSV, TSV, stdin, folders and globs → rows; all row validation; output names',
        imports: ['files', 'schedulers', 'store'],
        why: 'a manifest becomes rows; it knows nothing of what runs them',
      },
      {
        name: 'results',
        holds: 'the result record, the journal, the lock, atomic writes, merging, the Azure CSV',
        imports: ['files', 'store'],
        why: 'result records and their journal',
      },
      {
        name: 'safety',
        holds: "content safety: Azure's service, a local classifier, when a row is screened",
        imports: [...IO, 'graph', 'image', 'runtime', 'system', 'tensor', 'weights'],
        why: 'looks at texts and pictures; it knows no run, no server and not the environment',
      },
      {
        name: 'engine',
        holds: 'the child process that owns a device',
        imports: ['devices', 'files', 'graph', 'libraries', 'pipeline', 'runtime', 'schedulers', 'system', 'tensor'],
        why: 'the child process runs the pipeline; the parent only speaks to it',
      },
    ],
  },
  {
    name: 'media',
    holds: 'picture files',
    modules: [
      {
        name: 'image',
        holds: 'pictures in and out: sources, formats, sizes, colour, alpha',
        imports: [...IO, 'metadata', 'store'],
        why: 'pictures in, pictures out; containers are read and written where metadata is',
      },
      {
        name: 'metadata',
        holds: "generation metadata: read from other programs' pictures, written into ours",
        imports: ['schedulers'],
        why: 'what made a picture, from its bytes and into them; it opens no file',
      },
    ],
  },
  {
    name: 'diffusion',
    holds: 'the method',
    modules: [
      {
        name: 'pipeline',
        holds: 'loading a model, refining a picture, the denoising loop',
        imports: ['graph', 'networks', 'random', 'runtime', 'schedulers', 'tensor', 'text', 'unet', 'vae', 'weights'],
        why: 'the pipeline knows no row, no engine, no file of results',
      },
      {
        name: 'text',
        holds: 'tokenizers, prompt syntaxes, prompts to embeddings',
        imports: ['files', 'networks', 'runtime', 'tensor'],
        why: STAGE,
      },
      {
        name: 'unet',
        holds: 'one noise prediction, guidance, micro-conditioning',
        imports: ['networks', 'runtime', 'tensor'],
        why: STAGE,
      },
      {
        name: 'vae',
        holds: 'pictures to latents and back',
        imports: ['networks', 'runtime', 'system', 'tensor'],
        why: STAGE,
      },
      {
        name: 'schedulers',
        holds: 'noise schedules and samplers: mathematics, no I/O, no clock, no package',
        imports: ['random', 'tensor'],
        why: 'schedulers, random and tensor are mathematics: no model, no I/O',
      },
      {
        name: 'random',
        holds: "torch's, NumPy's and CUDA's random numbers: mathematics",
        imports: ['schedulers', 'tensor'],
        why: 'schedulers, random and tensor are mathematics: no model, no I/O',
      },
    ],
  },
  {
    name: 'models',
    holds: 'what the networks are, and their weights',
    modules: [
      {
        name: 'hub',
        holds: "models of Hugging Face's hub and its cache: finding, downloading, verifying",
        imports: [...IO, 'weights'],
        why: 'models of the hub and its cache; it knows no network',
      },
      {
        name: 'networks',
        holds: 'layers over the operators, configurations',
        imports: ['graph', 'weights'],
        why: 'what the networks are, over the graph builder',
      },
      {
        name: 'weights',
        holds:
          'safetensors headers (untrusted input), shards, model folders, LoRAs, latents files, the cache of transformed and int8 weights',
        imports: ['files', 'tensor'],
        why: 'files of weights, untrusted; they know no network',
      },
    ],
  },
  {
    name: 'onnx',
    holds: 'ONNX, and ONNX Runtime',
    modules: [
      {
        name: 'devices',
        holds: 'which devices work here, and which one to take: the self-test, in a separate process',
        imports: ['graph', 'libraries', 'runtime', 'tensor'],
        why: 'which devices work, and which to take; it knows no network',
      },
      {
        name: 'libraries',
        holds:
          "the native libraries that devices need: found here, added from PyPI, removed; a process's environment in which they load",
        imports: [...IO, 'graph', 'runtime'],
        why: 'libraries as files: it loads none',
      },
      {
        name: 'runtime',
        holds: 'sessions and memory policy; only this module imports ONNX Runtime',
        imports: ['graph', 'tensor'],
        why: 'sessions over written graphs',
      },
      {
        name: 'graph',
        holds: 'writes ONNX: a builder, and the lowerings of the operators for each device family',
        imports: [],
        why: 'writes ONNX; it knows no network and no file',
      },
    ],
  },
  {
    name: 'tensor',
    holds: 'dense tensors, float16, weight layouts: mathematics',
    modules: [],
    imports: [],
    why: 'schedulers, random and tensor are mathematics: no model, no I/O',
  },
  {
    name: 'io',
    holds: 'the doors to the outside, for all of the above but the mathematics',
    modules: [
      {
        name: 'files',
        holds: 'opening files, making folders, locks: the rules for every file from outside',
        imports: ['system'],
        why: 'how files and folders of this machine are opened, made and locked; it knows no format',
      },
      {
        name: 'net',
        holds: '`fetch` through the proxy that the environment names, downloads that go on where they broke off',
        imports: ['files'],
        why: 'requests through the proxy that the environment names, and files that come by them',
      },
      {
        name: 'store',
        holds:
          'objects that appear whole or not at all: in a folder, or in object storage; only this module imports opendal',
        imports: ['files'],
        why: 'where objects are kept; it knows no format',
      },
      {
        name: 'system',
        holds:
          'the memory that this machine, or its container, leaves to the process; what tells processes apart; turns of its jobs',
        imports: [],
        why: 'the process and its machine; it opens no file of a user',
      },
      {
        name: 'json',
        holds:
          'JSON from outside: depth, keys and tokens are counted before anything is built; messages for its errors',
        imports: [],
        why: 'everything that reads JSON from outside may depend on it',
      },
    ],
  },
];
