/**
 * The most memory that the VAE takes for one picture, over the whole and over bands, each in a process of its own.
 *
 *   npm run build && node bench/full-size/vae-memory.mjs [--folder <model>] [--sides 1024,1536,2048] [--tiling off,on]
 *                                                        [--passes encode,decode]
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engineEnvironment } from '../../dist/run/engine/engine-environment.js';
import { loadModel } from '../../dist/diffusion/pipeline/load-model.js';
import { torchCpuNoise } from '../../dist/diffusion/random/torch-cpu.js';
import { decode, encode } from '../../dist/diffusion/vae/autoencoder.js';
import { defaultFolder, makeModel } from './make-model.mjs';
import { watchMemory } from './process-memory.mjs';

const run = async ({ folder, side, tiling, pass }) => {
  const { vae } = await loadModel(folder, { vaeTiling: tiling });
  const start = performance.now();
  if (pass === 'encode') {
    const data = Float32Array.from({ length: 3 * side * side }, (_, index) => Math.sin(index));
    await encode(vae, { data, dims: [1, 3, side, side] });
  } else {
    const small = side / 8;
    await decode(vae, { data: torchCpuNoise(1).normal(4 * small * small), dims: [1, 4, small, small] });
  }
  process.send((performance.now() - start) / 1000);
};

const measure = (task) =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(task)], { env: engineEnvironment(process.env) });
    const endWatch = watchMemory(child.pid);
    let seconds = null;
    child.on('message', (message) => {
      seconds = message;
      child.kill();
    });
    child.on('close', () => resolve({ seconds, ...endWatch() }));
  });

const table = async () => {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: defaultFolder() },
      sides: { type: 'string', default: '1024,1536,2048' },
      tiling: { type: 'string', default: 'off,on' },
      passes: { type: 'string', default: 'encode,decode' },
    },
  });
  const folder = await makeModel('refiner', values.folder, console.error);
  console.log('| | picture | bands | most private memory | time |\n|---|---|---|---|---|');
  for (const pass of values.passes.split(','))
    for (const side of values.sides.split(',').map(Number))
      for (const tiling of values.tiling.split(',')) {
        const { seconds, private: most } = await measure({ folder, side, tiling, pass });
        const time = seconds === null ? 'ran out of memory' : `${seconds.toFixed(0)} s`;
        console.log(`| ${pass} | ${side}² | ${tiling} | ${most.toFixed(1)} GB | ${time} |`);
      }
};

await (process.send === undefined ? table() : run(JSON.parse(process.argv[2])));
