/** Results that were copied from object storage: messages name the object, not the copy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeResults } from '#src/run/results/merge/merge-results.js';

it('names the object that cannot be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
  const file = { path: join(folder, 'copy.jsonl'), shown: 's3://bucket/out/results.jsonl', shard: null };
  const merging = mergeResults({
    ...{ files: [file], output: join(folder, 'merged.jsonl'), replaces: false, keep: null, rows: null },
    ...{ allowsHoles: false, allowsMixed: false, signal: new AbortController().signal },
    onInvalidLine: () => undefined,
    report: () => undefined,
  });
  await expect(merging).rejects.toMatchObject({ message: expect.stringContaining(`Expected ${file.shown}`) as string });
  rmSync(folder, { recursive: true });
});
