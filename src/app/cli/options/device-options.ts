/** Options of devices and memory, common to all commands that compute pictures. */
import type { Command } from 'commander';
import { addCacheWeights } from './cache-weights.js';

export const DEVICE_NAMES =
  'auto, cpu, cuda, cuda:1, cuda:all, webgpu, dml, coreml; several with commas between: one engine each';

/** @param precisionNote appended to the help of `--precision` */
export const addDeviceOptions = (command: Command, precisionNote = ''): Command =>
  addCacheWeights(
    command
      .option('-d, --device <names>', DEVICE_NAMES, 'auto')
      .option('--precision <name>', `compute precision: auto, fp32, fp16 or (on the CPU) int8${precisionNote}`, 'auto')
      .option(
        '--speed <name>',
        'exact (diffusers’ numbers), or presets that compute less: balanced, or fast (on the CPU in int8 with cached weights); rows and options override their settings',
        'exact',
      ),
  );

export const addBatchSize = (command: Command): Command =>
  command.option(
    '--batch-size <n>',
    'pictures at a time on each device, which share calls of the networks: a number, or auto (4 on CUDA, else 1)',
    '1',
  );

/** Note of `--precision`. */
export const STORED_OTHERWISE = '; independent of how the weights are stored';

export const addVaeTiling = (command: Command): Command =>
  command.option(
    '--vae-tiling <name>',
    'run the VAE over row strips, to save memory: auto (where memory is short), on or off; the strips are exact, not blended tiles',
    'auto',
  );
