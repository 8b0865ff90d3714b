/** Manifests from outside: JSON lines, CSV, TSV, sidecars, and the rows in them. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import fc from 'fast-check';
import { readCsv } from '#src/run/manifest/formats/read-csv.js';
import { readJsonl } from '#src/run/manifest/formats/read-jsonl.js';
import { readSidecar } from '#src/run/manifest/formats/read-sidecar.js';
import type { RawRow } from '#src/run/manifest/formats/raw-row.js';
import { parseRow } from '#src/run/manifest/rows/parse-row.js';
import { ROW_KEY_NAMES } from '#src/run/manifest/rows/row-keys.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { expectShort, orRefused } from './refusals.js';
import { scratch, scratchFolder } from './scratch.js';
import { textOf } from './texts.js';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield await Promise.resolve(Buffer.from(bytes.subarray(start, start + size)));
    start += size;
  }
}
const readAll = async (rows: AsyncIterable<RawRow>): Promise<RawRow[]> => {
  const all: RawRow[] = [];
  for await (const row of rows) {
    if ('problem' in row) expectShort(row.problem);
    all.push(row);
  }
  return all;
};
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

const lines = [
  '{"image":"a.png","prompt":"a cat","seed":7,"strength":0.5}',
  '{"image":"b.png","negative_prompt":"ünlaut","original_size":[512,640],"camera":"x"}',
];
const table = 'image,prompt,steps,note\na.png,"a ""cat"", sat",20,x\nb.png,"two\nlines",,\n';
const manifests = mutationsOf(
  {
    'rows.jsonl': () => Buffer.from(`${lines.join('\n')}\n\n`),
    'rows.csv': () => Buffer.from(table),
    'excel.csv': () => Buffer.from(`\ufeffsep=;\r\n${table.replaceAll(',', ';').replaceAll('\n', '\r\n')}`),
    'utf16.csv': () => Buffer.from(`\ufeff${table}`, 'utf16le'),
    'rows.tsv': () => Buffer.from(table.replaceAll(',', '\t')),
  },
  [
    '""',
    ';',
    '\t',
    '|',
    '\r',
    'image',
    'prompt',
    'promt',
    '"id":',
    'null',
    '#TYPE ',
    'sep=',
    '\xff\xfe',
    'PK\x03\x04',
    '1,5',
  ],
);
const read = (file: string, bytes: Buffer, pieces: readonly number[] = [1 << 16]): Promise<RawRow[] | null> =>
  orRefused(
    async () => {
      const chunks = inPieces(bytes, pieces);
      return readAll(
        file.endsWith('.jsonl') ? readJsonl(chunks, file) : readCsv(chunks, file, file.endsWith('.tsv') ? '\t' : ','),
      );
    },
    'MANIFEST_SYNTAX',
    'MANIFEST_KEY_UNKNOWN',
  );

/** As RFC 4180 has it: quotes around what needs them, and each inside it twice. */
const quoted = (cell: string): string => (/[",\r\n;\t|]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const cell = textOf(['a cat', ',', '"', '""', '\n', '\r\n', ';', ' ', '\t', 'x'], 6)
  .filter((text) => text.isWellFormed() && !text.includes('\0') && text !== '')
  .map((text) => `p${text}q`);
const cells = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 });

const value = fc.oneof(
  textOf(['0.5', '-1', '[1,2]', '{"ink":1}', 'png', 'EulerDiscreteScheduler', '/etc/passwd', '../x', 'a.png'], 4),
  fc.jsonValue({ maxDepth: 3 }),
  fc.double(),
  fc.integer(),
);
const known = fc.uniqueArray(fc.tuple(fc.constantFrom(...ROW_KEY_NAMES), value), {
  selector: ([name]) => name,
  maxLength: 12,
});

/** Short ones that are nearly values, and long ones of a part that repeats, open or closed again. */
const anyCell = fc.oneof(
  textOf(['0.5', '-1', '[1,2]', '{"ink":1}', '{"ink":', '[', ']', '}', ',', '"', '\n', '1e999', 'png', 'x', ' '], 6),
  fc
    .tuple(
      fc.constantFrom(['[', ']'], ['{"a":', '}'], ['1,', ''], ['[],', ''], ['"', ''], ['9', ''], [' ', 'x']),
      fc.integer({ min: 1, max: 20_000 }),
      fc.boolean(),
    )
    .map(
      ([[open = '', close = ''], count, isClosed]) => open.repeat(count) + (isClosed ? `1${close.repeat(count)}` : ''),
    ),
);

/** Keys whose cells are parsed, and may nest or be long. */
const OF_PARTS = ['lora_weights', 'sigmas', 'original_size'] as const;

const expectRow = async (raw: RawRow): Promise<void> => {
  const row = await parseRow(raw, { index: 0, rowNumberPerFile: 0, inputName: 'x.jsonl', line: 1 }, scratchFolder(), {
    options: {},
    runSeed: 1,
  });
  if ('error' in row) {
    for (const problem of row.problems) expectShort(problem);
    ok(row.error.code.startsWith('ROW_FIELD_'));
  } else ok(row.settings.steps >= 1 && row.settings.prompt.length <= 20_000);
};

export const properties = [
  property(
    'manifests: a damaged one is refused in few words, or gives rows, however it comes in pieces',
    'file',
    fc.tuple(manifests.arbitrary, sizes),
    async ([one, pieces]) => {
      const bytes = await manifests.bytesOf(one);
      deepStrictEqual(await read(one.file, bytes, pieces), await read(one.file, bytes));
    },
    100,
  ),
  property(
    'manifests: cells that are written as CSV are read back, and as csv-parse reads them',
    'value',
    fc.tuple(cells, fc.constantFrom('\n', '\r\n', '\r'), sizes),
    async ([rows, end, pieces]) => {
      const text = [['image', 'prompt'], ...rows].map((row) => row.map(quoted).join(',')).join(end);
      const raw = await readAll(readCsv(inPieces(Buffer.from(text), pieces), 'x.csv', ','));
      const ours = raw.map((row) => ('known' in row ? row.known.map(([, of]) => of) : row));
      deepStrictEqual(ours, rows);
      deepStrictEqual(ours, parseCsv(text, { record_delimiter: end, trim: true }).slice(1));
    },
  ),
  property(
    'manifests: rows that are written as JSON lines are read back',
    'value',
    fc.tuple(cells, sizes),
    async ([rows, pieces]) => {
      const text = rows.map(([image, prompt]) => JSON.stringify({ image, prompt })).join('\n');
      const raw = await readAll(readJsonl(inPieces(Buffer.from(text), pieces), 'x.jsonl'));
      deepStrictEqual(
        raw.map((row) => ('known' in row ? row.known.map(([, of]) => of) : row)),
        rows,
      );
    },
  ),
  property(
    'manifests: a row of any values can run, or says all that is wrong with it in few words',
    'value',
    known,
    (values) => expectRow({ line: 1, known: values, extra: {} }),
    100,
  ),
  property(
    'manifests: any cell under any key makes a row that can run, or says what is wrong with it in few words',
    'value',
    fc.tuple(fc.oneof(fc.constantFrom(...ROW_KEY_NAMES), fc.constantFrom(...OF_PARTS)), anyCell),
    async ([name, text]) => {
      /* A NUL in the first bytes makes it another kind of file. */
      const columns = { image: 'a.png', prompt: 'a cat', [name]: text.replaceAll('\0', '') };
      const table = `${Object.keys(columns).join(',')}\n${Object.values(columns).map(quoted).join(',')}\n`;
      const rows = await readAll(readCsv(inPieces(Buffer.from(table), [1 << 16]), 'x.csv', ','));
      for (const raw of rows) if (!('problem' in raw)) await expectRow(raw);
    },
    100,
  ),
  property(
    'manifests: a sidecar is text, or refused in few words',
    'file',
    fc.uint8Array({ maxLength: 80 }),
    async (bytes) => {
      scratch('cat.txt', bytes);
      const text = await orRefused(() => readSidecar(join(scratchFolder(), 'cat.png')), 'ROW_FIELD_INVALID');
      if (text !== null)
        strictEqual(
          Buffer.from(text).equals(Buffer.from(bytes).subarray(0, Buffer.byteLength(text))) || bytes[0] === 0xef,
          true,
        );
    },
  ),
];
