/** The first minute: installs, builds, refines the bundled pictures with the bundled model, says where they are. */
import { build, install, root, run } from './steps.mjs';

install();
console.error('Building …');
if (!build()) process.exit(1);
const output = 'refined/demo';
const command = ['bin/sdxl-refine.js', 'batch', 'fixtures/demo/manifest.jsonl', '--output-dir', output, '--overwrite'];
console.error(`\n$ sdxl-refine ${command.slice(1).join(' ')}`);
if (!run(process.execPath, command)) process.exit(1);
console.log(`Pictures: ${root}${output}`);
