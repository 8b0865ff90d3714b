/** Finds errors that the options cause in every row. */
import type { RawRow } from '../formats/raw-row.js';
import type { Manifest } from '../read-rows.js';

/** A URL is not opened, and has no sidecar. */
const IMAGE = 'http://localhost/picture.png';
const ORIGIN = { index: 0, rowNumberPerFile: 0, inputName: 'options', line: null };

/** Problems of a row that has only a source and a prompt, and everything else from options and defaults. */
export const optionProblems = async (manifest: Manifest): Promise<readonly string[]> => {
  const raw: RawRow = {
    line: null,
    known:
      manifest.command === 'batch'
        ? [
            ['image', IMAGE],
            ['prompt', ''],
          ]
        : [['prompt', '']],
    extra: {},
  };
  const [row] = await manifest.parse(raw, ORIGIN, manifest.cwd, manifest);
  return row !== undefined && 'error' in row ? row.problems : [];
};
