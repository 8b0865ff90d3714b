/** Whole pictures: by the command as a user gives it, and by a peer's pipeline. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { deviceName } from '../../dist/onnx/graph/operators/target.js';
import { watchProgram } from './device-memory.mjs';

const COMMAND = fileURLToPath(new URL('../../bin/sdxl-refine.js', import.meta.url));
/** Of the peers: the command's defaults. */
const [STEPS, STRENGTH, PROMPT] = [50, 0.3, 'a lighthouse on a cliff, oil painting'];

const makePictures = (folder, { rows, side }) =>
  Promise.all(
    Array.from({ length: rows }, async (_, seed) => {
      const path = join(folder, `${seed}.png`);
      const pixels = Uint8Array.from({ length: 3 * side * side }, (_, index) => (index * (seed + 3)) >> 9);
      await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(path);
      return path;
    }),
  );

const inScratch = async (job, work) => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-bench-'));
  try {
    return await work(folder, await makePictures(folder, job));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** @param job { rows, side, batchSize } @returns { times, all, memory }: seconds until each picture and the end, and GB */
export const ourPictures = (model, { target, mode, flags: given }, job) =>
  inScratch(job, async (folder, pictures) => {
    const manifest = join(folder, 'manifest.jsonl');
    /* The command's own defaults, which a preset replaces. */
    const row = (image) => JSON.stringify({ image, prompt: PROMPT, seed: 1 });
    writeFileSync(manifest, `${pictures.map(row).join('\n')}\n`);
    const start = performance.now();
    const computing =
      given === undefined
        ? [
            ...['--precision', target.precision, '--device', deviceName(target), '--batch-size', String(job.batchSize)],
            ...(mode === 'cached' ? ['--cache-weights'] : []),
          ]
        : given;
    const flags = ['--model', model, ...computing, '--json', '--quiet'];
    const child = spawn(
      process.execPath,
      [COMMAND, 'batch', manifest, ...flags, '--output-dir', join(folder, 'refined')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const endWatch = watchProgram(child.pid);
    const closed = new Promise((resolve) => child.on('close', resolve));
    const times = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (JSON.parse(line).status === 'ok') times.push((performance.now() - start) / 1000);
    }
    const code = await closed;
    const memory = endWatch();
    if (code !== 0) throw new Error(`sdxl-refine batch ended with ${code}`);
    return { times, all: (performance.now() - start) / 1000, memory };
  });

/** As `ourPictures`. */
export const peerPictures = (peer, job) =>
  inScratch(job, async (folder, pictures) => {
    const start = performance.now();
    await peer.ask('open', { side: job.side });
    const times = [];
    for (let done = 0; done < pictures.length; done += job.batchSize) {
      const images = pictures.slice(done, done + job.batchSize);
      const outputs = images.map((_, index) => join(folder, `refined-${done + index}.png`));
      await peer.ask('pictures', { images, prompt: PROMPT, steps: STEPS, strength: STRENGTH, outputs });
      times.push(...images.map(() => (performance.now() - start) / 1000));
    }
    await peer.close();
    return { times, all: times.at(-1), memory: peer.memory };
  });
