/** What ends a run before any work: a manifest or a command that cannot be understood. Nothing is written then. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, runBatch, toJsonl, workFolder } from '../support/batch.js';

const folder = workFolder();
const out = join(folder, 'out');
const good = toJsonl([goodRow]);

const manifests = [
  {
    what: 'a slip of a key',
    name: 'slip.jsonl',
    text: good + toJsonl([{ ...goodRow, strenght: 0.3 }]),
    code: 'MANIFEST_KEY_UNKNOWN',
    says: /"strenght" \(slip\.jsonl, line 2\): did you mean "strength"/,
  },
  {
    what: 'a slip in a header',
    name: 'slip.csv',
    text: 'image,promt\na.png,b\n',
    code: 'MANIFEST_KEY_UNKNOWN',
    says: /"promt" .*did you mean "prompt"/,
  },
  {
    what: 'a header twice',
    name: 'twice.csv',
    text: 'image,prompt,image\n',
    code: 'MANIFEST_SYNTAX',
    says: /"image" twice/,
  },
  {
    what: 'no header',
    name: 'headless.csv',
    text: 'a.png,a cat\n',
    code: 'MANIFEST_SYNTAX',
    says: /header that names keys/,
  },
  {
    what: 'a quote that stays open',
    name: 'open.csv',
    text: 'image,prompt\na.png,"a cat\nb.png,b\n',
    code: 'MANIFEST_SYNTAX',
    says: /open\.csv, line 2/,
  },
  { what: 'no rows', name: 'empty.jsonl', text: '\n\n', code: 'MANIFEST_EMPTY', says: /empty\.jsonl/ },
  { what: 'another extension', name: 'rows.json', text: good, code: 'MANIFEST_UNREADABLE', says: /it is a \.json/ },
];

beforeAll(() => {
  for (const { name, text } of manifests) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'good.jsonl'), good);
  mkdirSync(join(folder, 'folder.jsonl'));
});

afterEach(() => {
  expect(existsSync(out)).toBe(false);
});

it.each(manifests)('$what: $code, exit 3', async ({ name, code, says }) => {
  const run = await runBatch([join(folder, name), '--output-dir', out, '--json']);
  expect(run.code).toBe(3);
  expect(JSON.parse(run.stdout)).toMatchObject({ error: { code, exit_code: 3 } });
  expect(run.stderr).toMatch(says);
  expect(run.stderr).toMatch(new RegExp(`^sdxl-refine: .* \\[${code}\\]\n$`));
});

it.each([
  { what: 'a manifest that is not there', args: ['none.jsonl'], code: 3, says: /No such file: .*none\.jsonl/ },
  {
    what: 'an empty folder, named like a manifest',
    args: ['folder.jsonl'],
    code: 3,
    says: /folder\.jsonl has no pictures/,
  },
  { what: 'a good manifest beside a missing one', args: ['good.jsonl', 'none.csv'], code: 3, says: /none\.csv/ },
  { what: 'standard input twice', args: ['-', '-'], code: 2, says: /standard input/ },
  { what: 'no input', args: [], code: 2, says: /Missing required argument input\./ },
  {
    what: 'an unknown option',
    args: ['good.jsonl', '--strenght', '1'],
    code: 2,
    says: /did you mean --strength\?/,
  },
  {
    what: 'an option out of range',
    args: ['good.jsonl', '--strength', '1.5'],
    code: 2,
    says: /--strength .*0 to 1, got/,
  },
  { what: 'a limit of no rows', args: ['good.jsonl', '--limit', '0'], code: 2, says: /--limit/ },
  { what: 'a device nobody has', args: ['good.jsonl', '--device', 'cuda:9'], code: 5, says: /cuda.*cannot be used/ },
  { what: 'a precision nobody has', args: ['good.jsonl', '--precision', 'fp8'], code: 2, says: /fp8/ },
])('$what: exit $code', async ({ args, code, says }) => {
  const run = await runBatch([...args, '--output-dir', out], { cwd: folder });
  expect(run).toMatchObject({ code, stdout: '' });
  expect(run.stderr).toMatch(says);
  expect(run.stderr).not.toMatch(/^ +at /m);
});
