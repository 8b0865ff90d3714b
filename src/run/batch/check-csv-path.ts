/** Checks the path of the predictions CSV: it must not replace a file that the run reads or writes. */
import { basename, dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import { RefineError } from '../../errors.js';
import { fileIdentity } from '../../io/files/file-identity.js';
import { isFolder } from '../../io/files/is-folder.js';
import { realPath } from '../../io/files/system-path.js';
import { OUTPUT_EXTENSIONS } from '../manifest/rows/output-form.js';
import { foldName } from '../manifest/rows/output-name.js';
import { outputsOf } from './check-outputs.js';
import { findReadFiles, type ReadingOptions } from './files-in-use.js';

/** Results of a whole run or a shard, and all files that begin with `.sdxl-refine`. */
const RESERVED = /^(?:results(?:-\d+-of-\d+)?\.jsonl$|\.sdxl-refine)/;

/** @param path absolute @throws OUTPUT_EXISTS, with --overwrite too */
export const expectCsvPlace = async (path: string, options: ReadingOptions): Promise<void> => {
  if (await isFolder(path)) throw csvPathTaken(path, 'is a folder');
  const inside = await outputNameOf(path, options.outputFolder);
  if (inside !== null && RESERVED.test(inside)) throw csvPathTaken(path, 'the run uses for its results');
  const identity = await fileIdentity(path);
  if (identity !== null) {
    const [source] = (await findReadFiles((readIdentity) => readIdentity === identity, options)).values();
    if (source !== undefined) throw csvPathTaken(path, `is a file that the run reads (${source})`);
  }
  const isLikeOutput = inside !== null && OUTPUT_EXTENSIONS.includes(extname(inside).slice(1));
  if (identity === null && !isLikeOutput) return;
  for await (const row of options.allRows()) {
    if ('error' in row) continue;
    for (const name of outputsOf(row)) {
      const isSame =
        foldName(name) === inside ||
        (identity !== null && (await fileIdentity(join(options.outputFolder, name))) === identity);
      if (isSame) throw csvPathTaken(path, `is the output of a row (${name})`);
    }
  }
};

/** The path inside the output folder, folded as output names are; null if outside. */
const outputNameOf = async (path: string, outputFolder: string): Promise<string | null> => {
  const inside = relative(await resolveLinks(outputFolder), join(await resolveLinks(dirname(path)), basename(path)));
  return isAbsolute(inside) || inside.split(sep)[0] === '..' ? null : foldName(inside.split(sep).join('/'));
};

/** The path with links resolved, as far as it exists. */
const resolveLinks = async (path: string): Promise<string> => {
  const real = await realPath(path).catch(() => null);
  if (real !== null || dirname(path) === path) return real ?? path;
  return join(await resolveLinks(dirname(path)), basename(path));
};

const csvPathTaken = (path: string, what: string): RefineError =>
  new RefineError(
    'OUTPUT_EXISTS',
    `Expected --predictions-csv to name a file of its own, got ${path}, which ${what}. Choose another name.`,
    {
      context: { path },
    },
  );
