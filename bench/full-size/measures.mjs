/** What is measured, in the order in which it is. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { watchMemory } from './process-memory.mjs';

const COMMAND = fileURLToPath(new URL('../../bin/sdxl-refine.js', import.meta.url));
const [ROWS, SIDE, STEPS, STRENGTH, PROMPT] = [3, 512, 50, 0.3, 'a lighthouse on a cliff, oil painting'];

/** `part`: what has to be open for it; a call before the first is not counted. */
export const CALLS = [
  { name: 'text', label: 'text encoder, two prompts', part: 'text', op: 'text' },
  ...[256, 512, 1024].map((side) => ({
    name: `unet-${side}`,
    label: `UNet call at ${side}²`,
    part: 'unet',
    op: 'unet',
    side,
  })),
  { name: 'encode', label: 'VAE encoder at 512²', part: 'vae', op: 'encode', side: 512 },
  { name: 'decode', label: 'VAE decoder at 512²', part: 'vae', op: 'decode', side: 512 },
];

export const OPEN = { name: 'open', label: 'from the start until all networks are open' };
export const BATCH = {
  name: 'batch',
  first: 'first of three pictures at 512², 15 of 50 steps',
  all: 'three pictures at 512², 15 of 50 steps',
};

const makePictures = (folder) =>
  Promise.all(
    Array.from({ length: ROWS }, async (_, seed) => {
      const path = join(folder, `${seed}.png`);
      const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, index) => (index * (seed + 3)) >> 9);
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(path);
      return path;
    }),
  );

const inScratch = async (work) => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-bench-'));
  try {
    return await work(folder, await makePictures(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The command as a user gives it. @returns { first, all, memory } in seconds and GB */
export const ourBatch = (model, { precision, mode }) =>
  inScratch(async (folder, pictures) => {
    const manifest = join(folder, 'manifest.jsonl');
    const row = (image) => JSON.stringify({ image, prompt: PROMPT, steps: STEPS, strength: STRENGTH, seed: 1 });
    writeFileSync(manifest, `${pictures.map(row).join('\n')}\n`);
    const start = performance.now();
    const computing = ['--precision', precision, ...(mode === 'fast' ? ['--cache-weights'] : []), '--device', 'cpu'];
    const flags = ['--model', model, ...computing, '--json', '--quiet'];
    const child = spawn(
      process.execPath,
      [COMMAND, 'batch', manifest, ...flags, '--output-dir', join(folder, 'refined')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const endWatch = watchMemory(child.pid);
    const closed = new Promise((resolve) => child.on('close', resolve));
    const times = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (JSON.parse(line).status === 'ok') times.push((performance.now() - start) / 1000);
    }
    const code = await closed;
    const memory = endWatch();
    if (code !== 0) throw new Error(`sdxl-refine batch ended with ${code}`);
    return { first: times[0], all: (performance.now() - start) / 1000, memory };
  });

/** Its pipeline, over the same pictures. */
export const peerBatch = (peer) =>
  inScratch(async (folder, pictures) => {
    const start = performance.now();
    await peer.ask('open', { side: SIDE });
    const times = [];
    for (const [index, image] of pictures.entries()) {
      const output = join(folder, `refined-${index}.png`);
      await peer.ask('picture', { image, prompt: PROMPT, steps: STEPS, strength: STRENGTH, output });
      times.push((performance.now() - start) / 1000);
    }
    await peer.close();
    return { first: times[0], all: times.at(-1), memory: peer.memory };
  });
