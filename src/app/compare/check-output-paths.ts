/** Refuses to write the page or the sheet over a file of the run that they show. */
import { basename, dirname, resolve } from 'node:path';
import { RefineError } from '../../errors.js';
import { fileIdentity } from '../../io/files/file-identity.js';
import { isFolder } from '../../io/files/is-folder.js';
import type { ResultRecord } from '../../records/result.js';
import { placesOf, type FindOptions } from './find-input.js';

export interface Places {
  results: readonly string[];
  page: string;
  sheet: string;
  find: Omit<FindOptions, 'output'>;
}

/** @throws OUTPUT_EXISTS before anything is written */
export const checkOutputPaths = async (
  { results, page, sheet, find }: Places,
  records: readonly ResultRecord[],
): Promise<void> => {
  const targets = new Map<string, string>();
  for (const path of [page, sheet]) {
    if (await isFolder(path)) throw outputExists(path, 'is a folder');
    if (/^\.sdxl-refine/i.test(basename(path)))
      throw outputExists(path, 'has a name that runs use for their own records');
    const identity = await fileIdentity(path);
    if (identity !== null) targets.set(identity, path);
  }
  if (page === sheet || (targets.size === 1 && (await areSameFile(page, sheet)))) {
    throw outputExists(page, 'is both the page and the contact sheet');
  }
  if (targets.size === 0) return;
  const expectUnused = async (path: string): Promise<void> => {
    const target = targets.get((await fileIdentity(path)) ?? '');
    if (target !== undefined) throw outputExists(target, `is a file of the run that is shown (${path})`);
  };
  const folder = dirname(results[0] ?? '.');
  for (const path of results) await expectUnused(path);
  const manifests = new Set<string>();
  for (const { image, image_file_name: output, latents_file_name: latents, input_csv_name: input } of records) {
    for (const name of [output, latents]) if (typeof name === 'string') await expectUnused(resolve(folder, name));
    for (const path of placesOf(image, find.folders)) await expectUnused(path);
    manifests.add(input);
  }
  for (const name of manifests) for (const path of placesOf(name, find.folders)) await expectUnused(path);
};

/** Whether two existing paths lead to the same file. */
const areSameFile = async (page: string, sheet: string): Promise<boolean> => {
  const [pageIdentity, sheetIdentity] = [await fileIdentity(page), await fileIdentity(sheet)];
  return pageIdentity === sheetIdentity;
};

const outputExists = (path: string, what: string): RefineError =>
  new RefineError(
    'OUTPUT_EXISTS',
    `${path} ${what}: nothing is written there. Give --output and --sheet other names.`,
    {
      context: { path },
    },
  );
