/** What is said of an output folder that cannot be written, or has files of an earlier run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOutputFolder, refuseExisting } from '#src/run/batch/check-outputs.js';
import { folder } from '../results/records.js';

const here = folder();
writeFileSync(join(here, 'file'), '');
mkdirSync(join(here, 'used'));
writeFileSync(join(here, 'used/results.jsonl'), '');

it.each([
  ['file', '--output-dir', /file: it is a file\. Choose another with --output-dir\.$/],
  ['file/deep/out', '-o', /out: .*file is a file\. Choose another with -o\.$/],
  ['none\0', '-o', /Cannot write to the output folder .*Choose another with -o\.$/],
])('%j cannot be a folder', async (name, option, message) => {
  await expect(makeOutputFolder(join(here, name), option)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringMatching(message) as string,
  });
});

it('a second run is told first how its rows are added', async () => {
  const none = async function* (): AsyncGenerator<never> {
    /* No rows. */
  };
  await expect(refuseExisting(join(here, 'used'), ['results.jsonl'], none())).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('Give --append to add these rows to that run, --resume to continue it') as string,
  });
});
