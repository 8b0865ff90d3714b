/** Writes models/<name>/SHA256SUMS, in the form of sha256sum; with --check, says whether each is what its files are. What is made of a tracked file is made anew. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MADE } from './complete-models.mjs';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';
import { sha256 } from './whole-file.mjs';

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
    .filter((path) => path !== NAME);
  const made = Object.keys(MADE).filter((path) => path.startsWith(`${name}/`));
  const all = new Set([...paths, ...made.map((path) => path.slice(name.length + 1))]);
  const bytesOf = (path) => {
    const { of = path, make = (bytes) => bytes } = MADE[path] ?? {};
    return make(readFileSync(join(models, of)));
  };
  const lines = [...all].sort().map((path) => `${sha256(bytesOf(`${name}/${path}`))}  ${path}\n`);
  writeMade(join(folder, NAME), lines.join(''));
}
