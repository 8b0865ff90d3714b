/**
 * Files that a run reads and that its outputs must not replace: pictures, latents and sidecar texts of all rows, manifests,
 * configuration, models. Compared by file identity, not by name.
 */
import { opendir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileIdentity } from '../../io/files/file-identity.js';
import { sidecarsOf } from '../manifest/formats/read-sidecar.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { createNameSet } from '../results/listed-outputs.js';
import { outputsOf } from './check-outputs.js';
import { expectInside } from './expect-inside.js';

type Rows = AsyncIterable<Row | InvalidRow>;

/** Paths by file identity, of files that an output would replace. */
export type FilesInUse = ReadonlyMap<string, string>;

export const NONE_IN_USE: FilesInUse = new Map();

export interface ReadingOptions {
  outputFolder: string;
  /** Files and folders that the run reads, besides those of its rows. */
  reads: readonly string[];
  /** All rows of the inputs, even if only a part runs. */
  allRows: () => Rows;
}

export interface InUseOptions extends ReadingOptions {
  /** Rows that run. */
  rows: () => Rows;
  /** Outputs to remove, since no row writes them any more. */
  unclaimed: readonly string[];
}

/**
 * Reads the rows twice. Memory: some bytes per existing output during the search.
 * @throws OUTPUT_UNWRITABLE if links lead out of the folder
 */
export const findFilesInUse = async (options: InUseOptions): Promise<FilesInUse> => {
  const { outputFolder, rows, unclaimed } = options;
  const targets = createNameSet();
  let count = 0;
  const addTarget = async (name: string): Promise<void> => {
    const identity = await fileIdentity(join(outputFolder, name));
    if (identity === null) return;
    count++;
    targets.add(identity);
  };
  for (const name of unclaimed) await addTarget(name);
  for await (const row of rows()) {
    if ('error' in row) continue;
    for (const name of outputsOf(row)) {
      await expectInside(outputFolder, name);
      await addTarget(name);
    }
  }
  return count === 0 ? NONE_IN_USE : findReadFiles((identity) => targets.has(identity), options);
};

/** Files that the run reads and whose identity is wanted. */
export const findReadFiles = async (
  isWanted: (identity: string) => boolean,
  { outputFolder, reads, allRows }: ReadingOptions,
): Promise<FilesInUse> => {
  const paths = new Map<string, string>();
  const check = async (path: string): Promise<void> => {
    const identity = await fileIdentity(path);
    if (identity !== null && isWanted(identity)) paths.set(identity, path);
  };
  const output = await fileIdentity(outputFolder);
  for (const path of reads) for await (const file of filesOf(path, output)) await check(file);
  for await (const { source } of allRows()) {
    if (source === undefined || !('path' in source)) continue;
    await check(source.path);
    if (source.kind === 'file') for (const sidecar of sidecarsOf(source.path)) await check(sidecar);
  }
  return paths;
};

/** Limits of the search in a model's folder: depth, and entries in all. */
const MAX_DEPTH = 3;
const MAX_ENTRIES = 10_000;
const MODEL_EXTENSIONS = [
  '.safetensors',
  '.json',
  '.txt',
  '.bin',
  '.onnx',
  '.onnx_data',
  '.data',
  '.ckpt',
  '.pt',
  '.pth',
  '.model',
];

/** A file, or the files of a folder with a model's extensions. Skips the output folder. */
async function* filesOf(path: string, outputFolder: string | null): AsyncGenerator<string> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() !== true) {
    yield path;
    return;
  }
  const folders = [{ folder: path, depth: 0 }];
  let left = MAX_ENTRIES;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const { folder, depth } = next;
    if ((await fileIdentity(folder)) === outputFolder) continue;
    const entries = await opendir(folder).catch(() => null);
    if (entries === null) continue;
    for await (const entry of entries) {
      if (left-- <= 0) return;
      if (entry.isDirectory() && depth < MAX_DEPTH)
        folders.push({ folder: join(folder, entry.name), depth: depth + 1 });
      else if (MODEL_EXTENSIONS.includes(extname(entry.name).toLowerCase())) yield join(folder, entry.name);
    }
  }
}
