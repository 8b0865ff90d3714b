/** The import rules, on a checkout of a few files: each kind of breach is found, and its reason is told. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../support/golden.js';
import { temporaryFolder } from '../../support/run-cli.js';

const check = (files: Record<string, string>): { status: number | null; stderr: string } => {
  const checkout = temporaryFolder();
  for (const folder of ['src', 'bin', 'test']) mkdirSync(join(checkout, folder));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), text);
  }
  return spawnSync(process.execPath, [join(root, 'scripts/check-imports.mjs'), checkout], { encoding: 'utf8' });
};

it('passes imports that look right, of types, of several lines and at run time', () => {
  const { status, stderr } = check({
    'bin/command.js': "import '../dist/app/cli/main.js';\n",
    'src/app/cli/main.ts':
      "import type { A } from '../../run/batch/run.js';\nconst { a } = await import('../../errors.js');\n",
    'src/run/batch/run.ts':
      "export type A = 'x';\nexport {\n  a,\n} from '../../errors.js';\nexport const text = ` from 'b'`;\n",
    'src/errors.ts': 'export const a = 1;\n',
    'test/unit/a.test.ts': "import { a } from '#src/errors.js';\nimport { readFileSync } from 'node:fs';\n",
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

const BREACHES = [
  ['a layer that looks left', 'src/io/files/a.ts', "import type { B } from '../../run/batch/b.js';", 'io-looks-right'],
  ['the same at run time', 'src/io/files/b.ts', "await import('../../run/batch/b.js');", 'io-looks-right'],
  ['a type in place', 'src/io/files/c.ts', "export type C = import('../../run/batch/b.js').B;", 'io-looks-right'],
  ['a module that may not', 'src/run/results/a.ts', "export * from '../batch/b.js';", 'results-imports'],
  ['several lines', 'src/run/results/b.ts', "import {\n  b,\n} from '../batch/b.js';", 'results-imports'],
  ['a built-in module in the mathematics', 'src/tensor/a.ts', "import { cpus } from 'node:os';", 'maths-has-no-node'],
  ['a package away from home', 'src/run/batch/a.ts', "import sharp from 'sharp';", 'sharp-only-in-image'],
  ['ONNX Runtime', 'src/run/batch/d.ts', "import ort from '#onnxruntime-node';", 'ort-only-in-runtime'],
  [
    'a leaf that needs more',
    'src/records/a.ts',
    "import { b } from '../run/batch/b.js';",
    'errors-and-records-are-leaves',
  ],
  ['a test in the program', 'src/run/batch/e.ts', "import '../../../test/b.js';", 'src-knows-no-tests'],
  ['the command itself', 'bin/a.js', "import '../dist/run/batch/b.js';", 'bin-to-cli-only'],
  ['a circle', 'src/run/batch/b.ts', "import './c.js';", 'no-circular'],
  ['what is not read', 'src/run/batch/f.ts', "import { 'x' as y } from './b.js';", 'not read'],
] as const;

it('finds every breach, and tells its reason', () => {
  const { status, stderr } = check({
    'src/run/batch/c.ts': "import { b } from './b.js';\n",
    'test/b.ts': '',
    ...Object.fromEntries(BREACHES.map(([, path, text]) => [path, `${text}\n`])),
  });
  for (const [what, path, , reason] of BREACHES)
    expect([what, stderr]).toEqual([what, expect.stringMatching(new RegExp(`^${path} → .*\\n.*${reason}`, 'm'))]);
  expect(status).toBe(1);
});
