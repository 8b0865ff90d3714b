/** The first minute: installs, builds, refines the bundled pictures with the bundled model, shows before and after. */
import { install } from './install.mjs';
import { build, root, run } from './steps.mjs';

install();
console.error('Building …');
if (!build()) process.exit(1);

const inputs = 'fixtures/demo';
const output = 'refined/demo';
const commands = [
  ['batch', `${inputs}/manifest.jsonl`, '--output-dir', output, '--overwrite'],
  ['compare', `${output}/results.jsonl`, '--inputs', inputs],
];
for (const command of commands) {
  console.error(`\n$ sdxl-refine ${command.join(' ')}`);
  if (!run(process.execPath, ['bin/sdxl-refine.js', ...command])) process.exit(1);
}
console.log(`\nPictures: ${root}${output}`);
