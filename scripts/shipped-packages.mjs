/** Packages that npm installs with the program on any system, their licences and texts, and the allow list. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from './made-file.mjs';
import { root } from './steps.mjs';

const read = (...parts) => readFileSync(join(root, ...parts), 'utf8');
export const textOf = (name) => read('scripts/licenses', name);

/** Licences that only ask to pass the notice on. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);
/** Licences that ask for more: allowed package by package, with the reason. */
const DECIDED = {
  /* A dynamic library of its own, from the registry, unchanged: the foreword says what that asks of whom. */
  'LGPL-3.0-or-later': /^@img\/sharp-(?:libvips-[\w-]+|win32-\w+|wasm32)$/,
};

/** @returns [{ name, version, license, folder, isOptional }] by name and version; the lock file names them for every system */
export const shippedPackages = () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  const shipped = new Map();
  for (const [folder, { version, license, dev, optional = false, devOptional = false }] of Object.entries(packages)) {
    if (folder === '' || dev) continue;
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    shipped.set(`${name}@${version}`, { name, version, license, folder, isOptional: optional || devOptional });
  }
  return [...shipped.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
};

/** @returns what is wrong with a package's licence, or null */
export const objectionTo = ({ name, version, license, folder, isOptional }) => {
  const said = isOptional ? null : readIfThere(join(root, folder, 'package.json'));
  const own = said === null ? license : JSON.parse(said).license;
  if (own !== license) return `${name} ${version}: package-lock.json has ${license}, the package itself ${own}`;
  /* An expression with OR needs a choice, so it is refused as well. */
  const foreign = String(license)
    .split(' AND ')
    .filter((one) => !ALLOWED.has(one) && DECIDED[one]?.test(name) !== true);
  return foreign.length === 0
    ? null
    : `${name} ${version}: expected a licence of the allow list (${[...ALLOWED].join(', ')}), found ${foreign.join(', ')}. ` +
        'Read it; then add it to scripts/shipped-packages.mjs with the reason, or take another package';
};

/**
 * Licence text of a package, the same on every system. So it never reads a package that npm installs on some systems only:
 * sharp's packages get sharp's text, others have theirs in scripts/licenses/.
 * @throws Error when a package has no text
 */
export const licenseTextOf = ({ name, version, license, folder, isOptional }) => {
  if (name.startsWith('@img/sharp-libvips-')) return null;
  if (name.startsWith('@img/sharp-')) return filesIn('node_modules/sharp').join('\n\n');
  if (name === 'onnxruntime-common') return onnxRuntimeNotice('LICENSE');
  const files = isOptional ? [textOf(`${name.replace('/', '+')}@${version}.txt`)] : filesIn(folder);
  if (files.length > 0) return files.join('\n\n');
  if (license !== 'MIT') throw new Error(`${name} ${version} has no licence file: put its text into scripts/licenses/`);
  const { author } = JSON.parse(read(folder, 'package.json'));
  const { name: holder = String(author).replace(/ *[<(].*/, '') } = author;
  return `MIT License\n\nCopyright (c) ${holder}, whose package names the licence without its text.\n\n${textOf('MIT.txt')}`;
};

const filesIn = (folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?:licen[cs]e|copying|copyright|notice)/i.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .map((name) => read(folder, name));

export const onnxRuntimeVersion = () => JSON.parse(read('vendor/package.json')).dependencies['onnxruntime-node'];

/** Of the very version that is in vendor/: another needs its own, from the wheel of that version, which has them (PyPI: onnxruntime). */
export const onnxRuntimeNotice = (name) => {
  const file = `vendor/onnxruntime-${onnxRuntimeVersion()}-notices/${name}`;
  const text = readIfThere(join(root, file));
  if (text === null) throw new Error(`Expected ${file}: it is in the wheel of that version, onnxruntime on PyPI`);
  return text;
};

/** @returns the table of libraries linked into libvips, with versions; the package of every system contains the same one */
export const libvipsLibraries = () => {
  const name = readdirSync(join(root, 'node_modules/@img')).find((one) => /^sharp-(?:libvips|win32)-/.test(one));
  if (name === undefined)
    throw new Error('Expected libvips in node_modules/@img: install on a system that sharp has it for');
  const folder = join('node_modules/@img', name);
  const versions = JSON.parse(read(folder, 'versions.json'));
  const rows = read(folder, 'README.md').matchAll(/^\| (\w[^|]*?) +\| (.*?) +\|$/gm);
  const lines = [...rows].filter(([, library]) => library !== 'Library');
  const versionOf = (library) =>
    versions[{ libultrahdr: 'uhdr' }[library] ?? library] ?? versions[library.replace(/^lib/, '')] ?? 'part of libvips';
  return [
    '| library | version | licence |',
    '|---|---|---|',
    ...lines.map(([, library, license]) => `| ${library} | ${versionOf(library)} | ${license} |`),
  ].join('\n');
};
