/** Writes the tables of other programs' names into docs/schedulers.md from src/diffusion/schedulers/names/sampler-table.ts; with --check, says whether they are there already. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schedulersDoc } from '../dist/diffusion/schedulers/names/schedulers-doc.js';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

const file = join(root, 'docs/schedulers.md');
writeMade(file, schedulersDoc(readFileSync(file, 'utf8')));
