/** Manifests for tests, and ways to read them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { InvalidRow } from '#src/records/row.js';
import { parseBatchRow, type RowDraft } from '#src/run/manifest/rows/parse-row.js';
import { findInputs } from '#src/run/manifest/inputs/find-inputs.js';
import { readRows, type Manifest } from '#src/run/manifest/read-rows.js';

export const folder = (): string => mkdtempSync(join(tmpdir(), 'sdxl-refine-manifest-'));

/** Writes files and says how to read them as one run. */
export const manifestOf = (files: Record<string, string | Uint8Array>, more: Partial<Manifest> = {}): Manifest => {
  const cwd = folder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  const inputs = Object.keys(files);
  const shared = { command: 'batch', parse: parseBatchRow } as const;
  return { ...shared, inputs, cwd, options: {}, runSeed: 77, ...more };
};

export const jsonl = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

export const readAll = async (manifest: Manifest): Promise<(RowDraft | InvalidRow)[]> => {
  const { inputs } = await findInputs(manifest.inputs, manifest);
  return collect(readRows(inputs, manifest));
};

/** Bytes in pieces of the given sizes, over and over. */
export async function* chunksOf(bytes: Buffer | string, sizes: readonly number[] = [1 << 20]): AsyncGenerator<Buffer> {
  const all = Buffer.from(bytes);
  let turn = 0;
  for (let start = 0; start < all.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield await Promise.resolve(Buffer.from(all.subarray(start, start + size)));
    start += size;
  }
}

export const codeOf = (row: RowDraft | InvalidRow | { output: string }): string =>
  'error' in row ? row.error.code : 'ok';

export const messageOf = (row: object): string => ('error' in row ? (row as InvalidRow).error.message : 'no error');
