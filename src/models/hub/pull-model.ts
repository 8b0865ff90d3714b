/** Downloads a model from the hub into Hugging Face's cache, which Python shares. */
import { readdir, rename, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { placeFile } from '../../io/files/place-file.js';
import { placeLink } from '../../io/files/place-link.js';
import { downloadFile, type DownloadOptions } from '../../io/net/download-file.js';
import { askHub, failed } from './ask-hub.js';
import { beginDigest } from './begin-digest.js';
import { chooseFiles } from './choose-files.js';
import type { HubSettings } from './hub-settings.js';
import { repositoryFolder, type ModelId } from './model-id.js';
import { readRepository, type RemoteFile } from './read-repository.js';

export interface PullOptions extends Pick<DownloadOptions, 'signal' | 'isAlive'> {
  /** Variant of the weights: `fp16`, `plain`, … */
  variant: string;
  /** @param done bytes @param total bytes @param file path in the repository */
  report: (done: number, total: number, file: string) => void;
}

/** @returns the folder for `--model` @throws MODEL_DOWNLOAD_FAILED OUTPUT_UNWRITABLE, the signal's reason */
export const pullModel = async (settings: HubSettings, model: ModelId, options: PullOptions): Promise<string> => {
  try {
    return await pull(settings, model, options);
  } catch (thrown) {
    if (isRefineError(thrown) || systemCodeOf(thrown) === undefined) throw thrown;
    const message = `Cannot write to the cache of models ${settings.cache}: ${messageOf(thrown)}. Set HF_HUB_CACHE or HF_HOME to a folder that can be written.`;
    throw new RefineError('OUTPUT_UNWRITABLE', message, { context: { folder: settings.cache }, cause: thrown });
  }
};

const pull = async (settings: HubSettings, model: ModelId, options: PullOptions): Promise<string> => {
  const { signal, isAlive, variant, report } = options;
  const repository = await readRepository(settings, model, { signal });
  const files = chooseFiles(repository, variant);
  const folder = join(settings.cache, repositoryFolder(model.id));
  const snapshot = join(folder, 'snapshots', repository.commit);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  await expectRoom(folder, files);
  let done = 0;
  for (const file of files) {
    const address = `${model.id}/resolve/${repository.commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
    const listed = { ...file, name: file.path, beginDigest: () => beginDigest(file), listedBy: 'the hub' };
    const blob = await downloadFile(listed, {
      folder: join(folder, 'blobs'),
      ask: (from) => askHub(settings, address, { signal, from }),
      onBytes: (count) => {
        done += count;
        report(done, total, file.path);
      },
      signal,
      isAlive,
      failed,
      unwritable,
    });
    await placeLink(blob, join(snapshot, file.path));
  }
  await placeFile(join(folder, 'refs', model.revision), repository.commit, rename);
  return snapshot;
};

const unwritable = (path: string, cause: unknown): RefineError =>
  new RefineError('OUTPUT_UNWRITABLE', `Cannot write ${path}: ${messageOf(cause)}.`, { cause });

/** Checks the free space before downloading gigabytes. What an interrupted download left goes on, and is not needed again. */
const expectRoom = async (folder: string, files: readonly RemoteFile[]): Promise<void> => {
  await makeFolder(folder);
  const blobs = join(folder, 'blobs');
  const there = new Map<string, number>();
  for (const name of await readdir(blobs).catch(() => [])) {
    const [digest = ''] = name.split('.');
    const { size } = await stat(join(blobs, name)).catch(() => ({ size: 0 }));
    there.set(digest, Math.max(size, there.get(digest) ?? 0));
  }
  const needed = files.reduce((sum, { digest, size }) => sum + Math.max(0, size - (there.get(digest) ?? 0)), 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new RefineError(
    'OUTPUT_UNWRITABLE',
    `The model needs ${gigabytes(needed)} GB more in ${folder}, which has ${gigabytes(bavail * bsize)} GB free. Make room, or set HF_HUB_CACHE to another folder.`,
  );
};
