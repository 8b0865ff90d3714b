/** For jest, before the first test and after the last: files that a clone does not carry, and one folder for all that tests write. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import makeTestModels from '../../scripts/make-test-models.mjs';

/** Where `os.tmpdir()` looks, by system; processes that tests start do too. */
const PLACES = ['TMPDIR', 'TEMP', 'TMP'];
const before = PLACES.map((name) => [name, env[name]]);
let folder = null;

export default () => {
  makeTestModels();
  folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-test-'));
  /* Some tests run the command as another user, who writes there too. */
  chmodSync(folder, 0o1777);
  for (const name of PLACES) env[name] = folder;
};

export const tearDown = () => {
  for (const [name, value] of before) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  if (folder !== null) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
};
