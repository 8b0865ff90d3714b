/** --prune: which pictures of removed rows go, where names differ in letter case only. */
import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeOutputs } from '#src/run/batch/remove-outputs.js';
import { findUnclaimed } from '#src/run/batch/unclaimed-outputs.js';
import { rowOf } from '../../../support/as-it-came.js';
import { workFolder } from '../../../support/batch.js';
import { okRecord } from '../results/records.js';

const folder = workFolder();
const listed = ['Cat.png', 'dog.png', 'Straße.png'];
writeFileSync(
  join(folder, 'results.jsonl'),
  listed.map((output) => `${JSON.stringify(okRecord({ output }))}\n`).join(''),
);
const options = {
  resultsPath: join(folder, 'results.jsonl'),
  allRows: async function* () {
    for (const output of ['cat.png', 'STRASSE.png']) yield await Promise.resolve({ ...rowOf(0), output });
  },
};

it('finds those whose name is a row’s but for letter case', async () => {
  const { names, namesakes } = await findUnclaimed(options, 0);
  expect([names, [...namesakes]]).toEqual([listed, ['Cat.png', 'Straße.png']]);
});

it('keeps a file that a row wrote under another form of the name', async () => {
  /* A file system that ignores letter case opens it by both names, as a hard link does here. */
  const out = join(folder, 'folding');
  mkdirSync(out);
  writeFileSync(join(out, 'Cat.png'), 'new');
  if (!existsSync(join(out, 'CAT.PNG'))) linkSync(join(out, 'Cat.png'), join(out, 'CAT.PNG'));
  writeFileSync(join(out, 'dog.png'), 'old');
  const { names, namesakes } = await findUnclaimed(options, 0);
  expect(await removeOutputs(out, names, { namesakes })).toBe(1);
  expect([existsSync(join(out, 'Cat.png')), existsSync(join(out, 'dog.png'))]).toEqual([true, false]);
});

it('removes it where letter case makes another file', async () => {
  const out = join(folder, 'exact');
  mkdirSync(out);
  for (const name of ['Cat.png', 'cat.png']) writeFileSync(join(out, name), name);
  if (existsSync(join(out, 'CAT.PNG'))) return;
  const { names, namesakes } = await findUnclaimed(options, 0);
  await removeOutputs(out, names, { namesakes });
  expect([existsSync(join(out, 'Cat.png')), existsSync(join(out, 'cat.png'))]).toEqual([false, true]);
});
