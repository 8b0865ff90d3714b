/** Writes THIRD-PARTY-LICENSES.md: every package that is installed with the program, its licence and the text; with --check, says whether the file is up to date. */
import { join } from 'node:path';
import { writeMade } from './made-file.mjs';
import {
  libvipsLibraries,
  licenseTextOf,
  objectionTo,
  onnxRuntimeNotice,
  onnxRuntimeVersion,
  shippedPackages,
  textOf,
} from './shipped-packages.mjs';
import { root } from './steps.mjs';

const packages = shippedPackages();
const objections = packages.map(objectionTo).filter((one) => one !== null);
for (const objection of objections) console.error(objection);
if (objections.length > 0) process.exit(1);

/** Line ends and trailing blanks differ between packages without meaning. */
const tidy = (text) =>
  text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join('\n')
    .replaceAll(/^\n+|\n+$/g, '');

/** Package names by licence text: many packages share one. */
const texts = new Map();
const add = (name, text) => {
  const key = tidy(text);
  texts.set(key, [...(texts.get(key) ?? []), name]);
};
add(`onnxruntime-node ${onnxRuntimeVersion()}`, onnxRuntimeNotice('LICENSE'));
for (const one of packages) {
  const text = licenseTextOf(one);
  if (text !== null) add(`${one.name} ${one.version}`, text);
}
add('LGPL-3.0: libvips and the libraries in it that are under it', textOf('LGPL-3.0.txt'));
add('GPL-3.0, which LGPL-3.0 is part of', textOf('GPL-3.0.txt'));

const rows = packages.map(({ name, version, license, isOptional }) => {
  const link = `https://www.npmjs.com/package/${name}/v/${version}`;
  return `| [${name}](${link}) | ${version} | ${license} | ${isOptional ? 'some' : 'all'} |`;
});
const libvips = packages.find(({ name }) => name.startsWith('@img/sharp-libvips-')).version;
const foreword = textOf('foreword.md')
  .replaceAll('@ONNXRUNTIME@', onnxRuntimeVersion())
  .replaceAll('@LIBVIPS@', libvips)
  .replace('@LIBRARIES@', libvipsLibraries());
const sections = [
  foreword.trimEnd(),
  '## npm packages',
  'Each link leads to the page in the registry, which names the source. npm installs packages of "some" systems only where they fit.',
  ['| package | version | licence | systems |', '|---|---|---|---|', ...rows].join('\n'),
  '## Licence texts',
  ...[...texts].flatMap(([text, names]) => [`### ${names.join(', ')}`, `~~~~text\n${text}\n~~~~`]),
];
onnxRuntimeNotice('ThirdPartyNotices.txt');
writeMade(join(root, 'THIRD-PARTY-LICENSES.md'), `${sections.join('\n\n')}\n`);
