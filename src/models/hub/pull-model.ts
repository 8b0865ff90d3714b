/** Downloads a model from the hub into Hugging Face's cache, which Python shares. */
import { copyFile, lstat, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pid } from 'node:process';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { makeFolder } from '../../io/files/make-folder.js';
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
    await place(blob, join(snapshot, file.path));
  }
  await writeReference(join(folder, 'refs', model.revision), repository.commit);
  return snapshot;
};

const unwritable = (path: string, cause: unknown): RefineError =>
  new RefineError('OUTPUT_UNWRITABLE', `Cannot write ${path}: ${messageOf(cause)}.`, { cause });

/** Checks the free space before downloading gigabytes. */
const expectRoom = async (folder: string, files: readonly RemoteFile[]): Promise<void> => {
  await makeFolder(folder);
  const missing = await Promise.all(
    files.map(({ digest, size }) =>
      lstat(join(folder, 'blobs', digest)).then(
        () => 0,
        () => size,
      ),
    ),
  );
  const needed = missing.reduce((sum, size) => sum + size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new RefineError(
    'OUTPUT_UNWRITABLE',
    `The model needs ${gigabytes(needed)} GB more in ${folder}, which has ${gigabytes(bavail * bsize)} GB free. Make room, or set HF_HUB_CACHE to another folder.`,
  );
};

/** Links to the blob, as huggingface_hub does; copies it where links are not allowed. */
const place = async (blob: string, path: string): Promise<void> => {
  const beside = `${path}.${pid}.tmp`;
  await makeFolder(dirname(path));
  await rm(beside, { force: true });
  await symlink(relative(dirname(path), blob), beside).catch(async (cause: unknown) => {
    if (systemCodeOf(cause) !== 'EPERM') throw cause;
    await copyFile(blob, beside);
  });
  await rename(beside, path);
};

const writeReference = async (path: string, commit: string): Promise<void> => {
  await makeFolder(dirname(path));
  await writeFile(`${path}.${pid}.tmp`, commit);
  await rename(`${path}.${pid}.tmp`, path);
};
