/** Writes the tables of other programs' names into docs/schedulers.md from src/schedulers/sampler-table.ts; with --check, says whether they are there already. */
import { readFileSync, writeFileSync } from 'node:fs';
import { schedulersDoc } from '../dist/schedulers/schedulers-doc.js';

const file = new URL('../docs/schedulers.md', import.meta.url);
const before = readFileSync(file, 'utf8');
const after = schedulersDoc(before);
if (!process.argv.includes('--check')) writeFileSync(file, after);
else if (after !== before) {
  console.error('docs/schedulers.md is not what the source says: run node scripts/make-schedulers-doc.mjs');
  process.exitCode = 1;
}
