/**
 * Time and memory of `sdxl-refine merge` over made results: node bench/merge.mjs [rows] [shards] [folder]
 * Memory is the most that the process had resident (VmHWM), so this needs Linux.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rows = Number(process.argv[2] ?? 1_000_000);
const shards = Number(process.argv[3] ?? 8);
const folder = process.argv[4] ?? mkdtempSync(join(tmpdir(), 'sdxl-refine-merge-'));
mkdirSync(folder, { recursive: true });
process.on('exit', () => {
  if (process.argv[4] === undefined) rmSync(folder, { recursive: true });
});

/** A line as `batch` writes it. */
const lineOf = (row) => {
  const name = `pictures/${String(row).padStart(8, '0')}.png`;
  const digest = createHash('sha256').update(name).digest('hex');
  const record = {
    row_number_per_file: row,
    image_file_name: name,
    nsfw_content_detected: null,
    input_csv_name: 'manifest.jsonl',
    id: null,
    status: 'ok',
    image: name,
    prompt: `a photograph, number ${row}, in the light of the morning, with a prompt as long as many are`,
    negative_prompt: 'blurry, low quality',
    seed: 7,
    rng: 'torch-cpu',
    strength: 0.3,
    steps: 50,
    steps_run: 15,
    guidance_scale: 5,
    scheduler: 'EulerDiscreteScheduler',
    width: 1024,
    height: 1024,
    model: 'stabilityai/stable-diffusion-xl-refiner-1.0',
    device: 'cuda:0',
    precision: 'fp16',
    duration_ms: 1100 + (row % 100),
    error: null,
    extra: {},
    digest,
    output_bytes: 1_400_000 + (row % 1000),
    output_sha256: digest,
  };
  return [Number(BigInt(`0x${digest.slice(0, 16)}`) % BigInt(shards)), `${JSON.stringify(record)}\n`];
};

const files = Array.from({ length: shards }, (_, at) => join(folder, `results-${at + 1}-of-${shards}.jsonl`));
const handles = files.map((file) => openSync(file, 'w'));
const pending = files.map(() => '');
for (let row = 0; row < rows; row++) {
  const [shard, line] = lineOf(row);
  pending[shard] += line;
  if (pending[shard].length < 65536 && row < rows - 1) continue;
  writeSync(handles[shard], pending[shard]);
  pending[shard] = '';
}
handles.forEach((handle, shard) => {
  if (pending[shard] !== '') writeSync(handle, pending[shard]);
  closeSync(handle);
});

const output = join(folder, 'results.jsonl');
const start = performance.now();
const child = spawn(
  process.execPath,
  [fileURLToPath(new URL('../bin/sdxl-refine.js', import.meta.url)), 'merge', folder, '--rows', `${rows}`, '-y'],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
let peak = 0;
const look = setInterval(() => {
  try {
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
  } catch {
    /* It has ended. */
  }
}, 50);
child.on('close', (code) => {
  clearInterval(look);
  const seconds = (performance.now() - start) / 1000;
  const bytes = code === 0 ? statSync(output).size : 0;
  console.log(
    JSON.stringify({
      rows,
      shards,
      code,
      bytes,
      seconds: Number(seconds.toFixed(1)),
      peak_mb: Math.round(peak / 1024),
    }),
  );
  process.exitCode = code ?? 1;
});
