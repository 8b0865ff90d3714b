/** Writes models/<name>/SHA256SUMS, in the form of sha256sum; with --check, says whether each is what its files are. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = 'SHA256SUMS';
const models = fileURLToPath(new URL('../models/', import.meta.url));

let isCurrent = true;
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
  const sums = join(folder, NAME);
  if (!process.argv.includes('--check')) writeFileSync(sums, lines.join(''));
  else if (readIfThere(sums) !== lines.join('')) {
    isCurrent = false;
    console.error(`models/${name}/${NAME} is not what the files are: run node scripts/make-model-digests.mjs`);
  }
}
process.exitCode = isCurrent ? 0 : 1;

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
