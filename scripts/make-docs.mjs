/**
 * Writes what docs/ has from tables of the source: the layers and modules of architecture.md, the row keys of manifest.md, other programs' schedulers of
 * schedulers.md. With --check, says which pages are not as the source has them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { schedulersDoc } from '../dist/diffusion/schedulers/names/schedulers-doc.js';
import { ROW_KEYS, rowKeyNames } from '../dist/run/manifest/rows/row-keys.js';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

const { layers } = createRequire(import.meta.url)('./layers.cjs');

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (heads, rows) => [row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n');

/** Each layer one step lower than the last: arrows point down and to the right. */
const staircase = () => {
  const steps = layers.map(({ name, modules }, at) => {
    const inside = modules.length === 0 ? '' : ` {${modules.map((module) => module.name).join(', ')}}`;
    return '    '.repeat(at) + (at === 0 ? '' : '└▶ ') + name + inside;
  });
  return ['```', ...steps, '```'].join('\n');
};

const modules = () => {
  const list = (imports) =>
    imports === '*' ? 'everything' : imports.length === 0 ? '–' : [...imports].sort().join(', ');
  const rows = layers.flatMap((layer) =>
    layer.modules.length === 0
      ? [[`\`${layer.name}/\``, layer.holds, list(layer.imports)]]
      : layer.modules.map(({ name, holds, imports }) => [`\`${layer.name}/${name}/\``, holds, list(imports)]),
  );
  return table(['folder', 'contents', 'may import'], rows);
};

/** Defaults that are JSON are code; the others are words. */
const shownDefault = ({ default: value, defaultText }) =>
  value !== null && defaultText === JSON.stringify(value) ? `\`${defaultText}\`` : defaultText;
const keys = (names) =>
  table(
    ['key', 'value', 'default', 'option'],
    names.map((name) => {
      const key = ROW_KEYS[name];
      return [`\`${name}\``, key.docs ?? `${key.expected}: ${key.help}`, shownDefault(key), key.isOption ? '✓' : '–'];
    }),
  );
const batchKeys = rowKeyNames('batch');
const generateKeys = rowKeyNames('generate').filter((name) => !batchKeys.includes(name));

const fill = (text, parts) =>
  Object.entries(parts).reduce((page, [name, content]) => {
    const place = new RegExp(`(<!-- made: ${name} -->)[^]*?(<!-- end: ${name} -->)`);
    if (!place.test(page)) throw new Error(`no place for ${name}`);
    return page.replace(place, (_, start, end) => `${start}\n\n${content}\n\n${end}`);
  }, text);
const page = (name, change) => {
  const file = join(root, 'docs', name);
  writeMade(file, change(readFileSync(file, 'utf8')));
};

page('architecture.md', (text) => fill(text, { layers: staircase(), modules: modules() }));
page('manifest.md', (text) => fill(text, { keys: keys(batchKeys), 'keys of generate': keys(generateKeys) }));
page('schedulers.md', schedulersDoc);
