import { readFileSync } from 'node:fs';
import { schedulerNames } from '#src/diffusion/schedulers/registry.js';
import { schedulersDoc } from '#src/diffusion/schedulers/names/schedulers-doc.js';

const page = readFileSync('docs/schedulers.md', 'utf8');

it('the tables of docs/schedulers.md are up to date', () => {
  expect(schedulersDoc(page) === page).toBe(true);
  expect(page).toContain('| `DPM++ 2M` | `dpmpp_2m` |');
});

it.each(schedulerNames)('it lists %s', (name) => {
  expect(page).toContain(`| \`${name}\` |`);
});
