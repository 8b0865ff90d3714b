/** Devices that are not here, and words that name none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, runBatch, workFolder, writeRows } from '../support/batch.js';

const folder = workFolder();
const manifest = writeRows(join(folder, 'manifest.jsonl'), [goodRow]);

describe('--device and --precision', () => {
  it.each([
    ['cuda:9', 'auto', 5, /The device cuda:9 cannot be used: .+\. .+ \[DEVICE_UNAVAILABLE\]\n$/],
    [
      process.platform === 'win32' ? 'coreml' : 'dml',
      'auto',
      5,
      /is a part of (Windows|macOS).*\[DEVICE_UNAVAILABLE\]/,
    ],
    ['gpu', 'auto', 2, /Expected --device to be auto, or one or more of cpu, cuda, .*got "gpu"/],
    ['webgpu:1', 'auto', 2, /got "webgpu:1"/],
    ['cpu', 'fp16', 2, /on the CPU, got fp16/],
    ['auto', 'bf16', 2, /Expected --precision to be .*got "bf16"/],
  ])('%s %s ends with %i and leaves no results', async (device, precision, code, message) => {
    const out = join(folder, `${device.replace(':', '-')}-${precision}`);
    const run = await runBatch([manifest, '--output-dir', out, '--device', device, '--precision', precision]);
    expect([run.code, run.stdout]).toEqual([code, '']);
    expect(run.stderr).toMatch(message);
    expect(existsSync(join(out, 'results.jsonl'))).toBe(false);
  });
});
