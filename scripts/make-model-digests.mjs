/** Writes models/<name>/SHA256SUMS, in the form of sha256sum; with --check, says whether each is what its files are. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

const NAME = 'SHA256SUMS';
const models = join(root, 'models');

const folders = readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of folders) {
  const folder = join(models, name);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files
    .map(({ parentPath, name: file }) =>
      join(parentPath, file)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => path !== NAME)
    .sort();
  const lines = paths.map(
    (path) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex')}  ${path}\n`,
  );
  writeMade(join(folder, NAME), lines.join(''));
}
