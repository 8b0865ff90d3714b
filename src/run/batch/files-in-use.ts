/**
 * Files that a run reads and that its outputs must not replace: pictures, latents and sidecar texts of all rows, manifests,
 * configuration, models. Compared by file identity, not by name.
 */
import { opendir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileIdentity } from '../../io/files/file-identity.js';
import { sidecarOf } from '../manifest/formats/read-sidecar.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { createNameSet } from '../results/listed-outputs.js';
import { outputsOf } from './check-outputs.js';
import { expectInside } from './expect-inside.js';

type Rows = AsyncIterable<Row | InvalidRow>;

/** Paths by file identity; only files that an output would replace. */
export type FilesInUse = ReadonlyMap<string, string>;

export const NONE_IN_USE: FilesInUse = new Map();

export interface ReadingOptions {
  outputFolder: string;
  /** Files and folders of files that the run reads, besides its rows'. */
  reads: readonly string[];
  /** All of the inputs, whatever part of them runs. */
  allRows: () => Rows;
}

export interface InUseOptions extends ReadingOptions {
  /** Those that run. */
  rows: () => Rows;
  /** Outputs that no row writes any more and that are removed. */
  unclaimed: readonly string[];
}

/**
 * Reads the rows twice. Memory: some bytes for each output that is there, while it looks.
 * @throws OUTPUT_UNWRITABLE for outputs that links lead out of the folder
 */
export const findFilesInUse = async (options: InUseOptions): Promise<FilesInUse> => {
  const { outputFolder, rows, unclaimed } = options;
  const targets = createNameSet();
  let count = 0;
  const look = async (name: string): Promise<void> => {
    const identity = await fileIdentity(join(outputFolder, name));
    if (identity === null) return;
    count++;
    targets.add(identity);
  };
  for (const name of unclaimed) await look(name);
  for await (const row of rows()) {
    if ('error' in row) continue;
    for (const name of outputsOf(row)) {
      await expectInside(outputFolder, name);
      await look(name);
    }
  }
  return count === 0 ? NONE_IN_USE : findReadFiles((identity) => targets.has(identity), options);
};

/** What of a run's files is among these. */
export const findReadFiles = async (
  isWanted: (identity: string) => boolean,
  { outputFolder, reads, allRows }: ReadingOptions,
): Promise<FilesInUse> => {
  const found = new Map<string, string>();
  const look = async (path: string): Promise<void> => {
    const identity = await fileIdentity(path);
    if (identity !== null && isWanted(identity)) found.set(identity, path);
  };
  const own = await fileIdentity(outputFolder);
  for (const path of reads) for await (const file of filesOf(path, own)) await look(file);
  for await (const { source } of allRows()) {
    if (source === undefined || !('path' in source)) continue;
    await look(source.path);
    if (source.kind === 'file') await look(sidecarOf(source.path));
  }
  return found;
};

/** How deep a model's files lie, and how many entries of a folder are looked at. */
const DEPTH = 3;
const ENTRIES = 10_000;
const OF_MODELS = [
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

/** A file, or what of a folder may be a model's. The output folder in it is the run's. */
async function* filesOf(path: string, outputFolder: string | null): AsyncGenerator<string> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() !== true) {
    yield path;
    return;
  }
  const folders = [{ folder: path, depth: 0 }];
  let left = ENTRIES;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const { folder, depth } = next;
    if ((await fileIdentity(folder)) === outputFolder) continue;
    const entries = await opendir(folder).catch(() => null);
    if (entries === null) continue;
    for await (const entry of entries) {
      if (left-- <= 0) return;
      if (entry.isDirectory() && depth < DEPTH) folders.push({ folder: join(folder, entry.name), depth: depth + 1 });
      else if (OF_MODELS.includes(extname(entry.name).toLowerCase())) yield join(folder, entry.name);
    }
  }
}
