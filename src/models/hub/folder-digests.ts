/** `SHA256SUMS` in a model's folder, in the format of `sha256sum`: the digests of its files. Bundled models have it. */
import { join } from 'node:path';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { readUpTo, withFile } from '../../io/files/open-file.js';

export const DIGESTS_FILE = 'SHA256SUMS';

/** Digest, space, a space or `*`, path. */
const LINE = /^([0-9a-f]{64}) [ *](.+)$/i;
/** A path that leaves the folder or is absolute. */
const LEADS_OUT = /^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/i;

/**
 * @param folder absolute
 * @returns SHA-256 in hexadecimal by path in the folder, `/`-separated; null if the folder has no such file
 * @throws MODEL_CONFIG_INVALID naming the file, and the line
 */
export const readFolderDigests = async (folder: string): Promise<ReadonlyMap<string, string> | null> => {
  const file = join(folder, DIGESTS_FILE);
  const invalid = (what: string, cause?: unknown): RefineError =>
    new RefineError('MODEL_CONFIG_INVALID', `${file} ${what}. Download the model again, or delete the file.`, {
      context: { file },
      cause,
    });
  try {
    return await withFile(file, 'digests', async (handle, size) => {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await readUpTo(handle, 0, size));
      const digests = new Map<string, string>();
      for (const [index, line] of text.split(/\r?\n/).entries()) {
        if (line === '') continue;
        const [, digest = '', path = ''] = LINE.exec(line) ?? [];
        if (path === '' || LEADS_OUT.test(path)) {
          throw invalid(`line ${index + 1} is not a SHA-256 digest with the path of a file in the folder`);
        }
        digests.set(path.replace(/^\.\//, ''), digest.toLowerCase());
      }
      return digests;
    });
  } catch (thrown) {
    if (isRefineError(thrown)) throw thrown;
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(thrown) ?? '')) return null;
    throw invalid(`cannot be read: ${messageOf(thrown)}`, thrown);
  }
};
