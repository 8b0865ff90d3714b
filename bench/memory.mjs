/**
 * Memory over the number of rows: a dry run of 10 000 rows and a run of 1 000 tiny pictures. Prints resident memory of
 * the command and of its engine in fifths of the run, so that growth shows. Linux (reads /proc).
 *
 *   node bench/memory.mjs [--rows 1000] [--dry-rows 10000]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeTestModels } from '../scripts/make-test-models.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const model = join(root, 'test/golden/data/models/tiny-refiner');
makeTestModels();
const image = join(root, 'test/golden/data/images/square-64.png');
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000' }, 'dry-rows': { type: 'string', default: '10000' } },
});

const residentMegabytes = (pid) => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

const childrenOf = (pid) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(pid);
      } catch {
        return false;
      }
    });

const measure = (name, rows, flags) =>
  new Promise((resolve) => {
    const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-bench-'));
    const row = JSON.stringify({ image, prompt: 'a tiny picture', strength: 0.5, steps: 2, seed: 1 });
    const manifest = join(folder, 'manifest.jsonl');
    writeFileSync(manifest, `${row}\n`.repeat(rows));
    const start = performance.now();
    const command = [
      'bin/sdxl-refine.js',
      'batch',
      manifest,
      '--model',
      model,
      '--output-dir',
      join(folder, 'out'),
      '--quiet',
    ];
    const child = spawn(process.execPath, [...command, ...flags], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const samples = [];
    const timer = setInterval(() => {
      const engine = childrenOf(child.pid).reduce((sum, pid) => sum + residentMegabytes(pid), 0);
      samples.push({ command: residentMegabytes(child.pid), engine });
    }, 200);
    child.on('close', (code) => {
      clearInterval(timer);
      rmSync(folder, { recursive: true });
      const seconds = (performance.now() - start) / 1000;
      const fifths = [0, 1, 2, 3, 4].map((fifth) => {
        const part = samples.slice((fifth * samples.length) / 5, ((fifth + 1) * samples.length) / 5);
        const most = (key) => Math.max(0, ...part.map((sample) => sample[key])).toFixed(0);
        return `${most('command')}+${most('engine')}`;
      });
      console.log(
        `${name}: ${rows} rows in ${seconds.toFixed(1)} s, exit ${code}; MB (command+engine) by fifths: ${fifths.join('  ')}`,
      );
      resolve();
    });
  });

await measure('dry run', Number(values['dry-rows']), ['--dry-run']);
await measure('run', Number(values.rows), []);
