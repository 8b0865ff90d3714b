/** Writes the wings and rooms of src/ into docs/architecture.md from scripts/rooms.cjs, of which the import rules are made; with --check, says whether they are there already. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

const { wings } = createRequire(import.meta.url)('./rooms.cjs');

/** Each wing one step lower than the last: arrows point down and to the right alone. */
const staircase = () => {
  const steps = wings.map(({ name, rooms }, at) => {
    const inside = rooms.length === 0 ? '' : ` {${rooms.map((room) => room.name).join(', ')}}`;
    return '    '.repeat(at) + (at === 0 ? '' : '└▶ ') + name + inside;
  });
  return ['```', ...steps, '```'].join('\n');
};

const rooms = () => {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const list = (imports) =>
    imports === '*' ? 'everything' : imports.length === 0 ? '–' : [...imports].sort().join(', ');
  const rows = wings.flatMap((wing) => {
    if (wing.rooms.length === 0) return [row([`\`${wing.name}/\``, wing.holds, list(wing.imports)])];
    return wing.rooms.map(({ name, holds, imports }) => row([`\`${wing.name}/${name}/\``, holds, list(imports)]));
  });
  return [row(['folder', 'what lives there', 'may import']), '|---|---|---|', ...rows].join('\n');
};

const file = join(root, 'docs/architecture.md');
const fill = (text, name, content) =>
  text.replace(
    new RegExp(`(<!-- ${name}: [^\\n]*-->)[^]*?(<!-- end of ${name} -->)`),
    (_, head, end) => `${head}\n\n${content}\n\n${end}`,
  );
writeMade(file, fill(fill(readFileSync(file, 'utf8'), 'wings', staircase()), 'rooms', rooms()));
