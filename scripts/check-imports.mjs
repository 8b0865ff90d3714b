/**
 * Checks the imports of src/, bin/ and test/, those of types too, against `import-rules.mjs`, and that data flows one way: none of
 * them form a circle. It reads imports as the formatter writes them; one that it cannot read is an error.
 *
 * usage: node scripts/check-imports.mjs [a checkout's folder]
 */
import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { argv } from 'node:process';
import { rules } from './import-rules.mjs';
import { root } from './steps.mjs';

const FOLDERS = ['src', 'bin', 'test'];
const STATIC = /^(?:import|export)\b(?:[^'"`;=]*?\bfrom)? '([^']+)'/gm;
const CALLED = /(?<![.\w])(?:import|require)\(\s*'([^']+)',?\s*\)/g;
/** The line on which a static import ends. */
const LAST_LINE = /^(?:(?:import|export)\b[^=\n]* from|\} from|import) '/gm;
const checkout = argv[2] ?? root;

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /[.][cm]?[jt]s$/.test(path) && !path.startsWith('test/golden/data/')),
);
const known = new Set(files);
const broken = [];
const complain = (from, to, rule) => broken.push(`${from} → ${to}\n    ${rule}`);

/** Where an import leads: a file of the checkout, or a name that tells what else it is. That files are there, the compiler checks. */
const resolve = (from, name) => {
  const builtin = name.replace(/^node:/, '');
  if (builtinModules.includes(builtin)) return `node:${builtin}`;
  if (name.startsWith('#') && !name.startsWith('#src/')) return `vendor/${name.slice(1)}`;
  if (!/^([.]|#src\/)/.test(name)) return `node_modules/${name}`;
  const path = name.startsWith('#') ? name.slice(1) : posix.join(posix.dirname(from), name);
  const source = path.replace(/^dist\//, 'src/').replace(/[.]js$/, '.ts');
  return known.has(source) ? source : path;
};

const importsOf = (from) => {
  const text = readFileSync(join(checkout, from), 'utf8');
  const names = [...text.matchAll(STATIC)].map(([, name]) => name);
  if (names.length !== [...text.matchAll(LAST_LINE)].length)
    complain(from, '?', 'an import that is not read: format it');
  names.push(...[...text.matchAll(CALLED)].map(([, name]) => name));
  return [...new Set(names)].map((name) => resolve(from, name));
};

const graph = new Map(files.map((from) => [from, importsOf(from)]));
const fits = ({ path, pathNot }, file) => new RegExp(path).test(file) && !(pathNot && new RegExp(pathNot).test(file));
for (const { name, why, from, to } of rules)
  for (const [file, imports] of graph)
    if (fits(from, file))
      for (const one of imports.filter((imported) => fits(to, imported))) complain(file, one, `${name}: ${why}`);

const isDone = new Map();
const findCircles = (file, way) => {
  if (isDone.get(file) === false)
    complain(file, [...way.slice(way.indexOf(file) + 1), file].join(' → '), 'no-circular: data flows one way');
  if (isDone.has(file)) return;
  isDone.set(file, false);
  for (const imported of graph.get(file) ?? []) findCircles(imported, [...way, file]);
  isDone.set(file, true);
};
for (const file of files) findCircles(file, []);

for (const each of broken) console.error(each);
process.exitCode = broken.length === 0 ? 0 : 1;
