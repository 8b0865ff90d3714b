/**
 * Processor time against size, of every parser of data from outside, and the slope of the line through them (log-log): 1 is time in
 * proportion to size, 2 is quadratic. Inputs are the worst that the limits let through: many small parts rather than a few large ones.
 *
 *   npx tsc -b && node bench/parsers.mjs [--only json] [--runs 5]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { crc32 } from '../dist/media/metadata/containers/crc32.js';
import { decodeInline } from '../dist/media/image/decode-inline.js';
import { parseJson } from '../dist/io/json/parse-json.js';
import { readCsv } from '../dist/run/manifest/formats/read-csv.js';
import { readJsonl } from '../dist/run/manifest/formats/read-jsonl.js';
import { readEmbeddedText } from '../dist/media/metadata/read-embedded-text.js';
import { readGenerationFacts } from '../dist/media/metadata/read-generation-metadata.js';
import { requestReader } from '../dist/app/server/requests/read-request.js';
import { bytePairEncoder } from '../dist/diffusion/text/tokenizer/byte-pair-encoding.js';
import { parseA1111 } from '../dist/diffusion/text/syntaxes/parse-a1111.js';
import { schedulePrompt } from '../dist/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { parseComfy } from '../dist/diffusion/text/syntaxes/parse-comfy.js';
import { parseCompel } from '../dist/diffusion/text/syntaxes/parse-compel.js';
import { parseTokenizerFiles } from '../dist/diffusion/text/tokenizer/tokenizer-files.js';
import { parseSafetensorsHeader } from '../dist/models/weights/safetensors/safetensors-header.js';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, runs: { type: 'string', default: '5' } },
});
/** Of the largest size; the slope is fitted over all. */
const SHARES = [1 / 8, 1 / 4, 1 / 2, 1];

const count = (length, make) => Array.from({ length }, (_, at) => make(at));
const consume = async (rows) => {
  let length = 0;
  for await (const row of rows) length += row.line === undefined ? 0 : 1;
  return length;
};
const chunksOf = async function* (bytes) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
};
/** Refusals take time too. */
const tried = (work) => async (input) => {
  try {
    await work(input);
  } catch (thrown) {
    if (thrown.isRefineError !== true && thrown.isRefusal !== true) throw thrown;
  }
};
const refusal = (what) => Object.assign(new Error(what), { isRefusal: true });

const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
};
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const HEADER = chunk('IHDR', Buffer.from('00000008000000080802000000', 'hex'));
const png = (texts) =>
  Buffer.concat([
    SIGNATURE,
    HEADER,
    ...texts.map(([key, text]) => chunk('tEXt', Buffer.from(`${key}\0${text}`, 'latin1'))),
    chunk('IEND', Buffer.alloc(0)),
  ]);

const folder = new URL('../models/clip-tokenizer/', import.meta.url);
const vocabText = readFileSync(new URL('vocab.json', folder), 'utf8');
const mergesText = readFileSync(new URL('merges.txt', folder), 'utf8');
const encodeWord = bytePairEncoder({
  vocab: new Map(Object.entries(JSON.parse(vocabText))),
  merges: mergesText.split('\n').slice(1, -1),
  unknown: 49407,
});
let seed = 1;
const letter = () => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return String.fromCharCode(97 + ((seed >>> 16) % 26));
};
const request = requestReader({ rows: { options: {} }, limits: { maxRows: 1000 } });
const jsonBytes = (value) => Buffer.from(JSON.stringify(value));

/** name, what is counted, the largest count, count → input, input → work. */
const PARSERS = [
  [
    'json, refused by its tokens',
    'lists',
    10_000_000,
    (n) => Buffer.from(`[${'[],'.repeat(n)}1]`),
    (json) => parseJson(json, { maxDepth: 8, maxTokens: 1000 }, refusal),
  ],
  [
    'json, refused at its end',
    'letters',
    32_000_000,
    (n) => Buffer.from(`{"a":"${'x'.repeat(n)}"},`),
    (json) => parseJson(json, { maxDepth: 8, maxTokens: 1000 }, refusal),
  ],
  [
    'json, trailing comma',
    'lines',
    1_000_000,
    (n) => `[${'1,\n'.repeat(n)}]`,
    (json) => parseJson(json, { maxDepth: 8, maxTokens: 1e7 }, refusal),
  ],
  [
    'json, keys',
    'keys',
    200_000,
    (n) => jsonBytes(Object.fromEntries(count(n, (at) => [`k${at}`, at]))),
    (json) => parseJson(json, { maxDepth: 8, maxTokens: 1e6 }, refusal),
  ],
  [
    'json, long numbers',
    'numbers',
    200_000,
    (n) => `[${count(n, () => '12345678901234567890').join()}]`,
    (json) => parseJson(json, { maxDepth: 8, maxTokens: 1e6 }, refusal, (word) => `"${word}"`),
  ],
  [
    'jsonl, keys of a row',
    'keys',
    10_000,
    (n) => jsonBytes(Object.fromEntries(count(n - 1, (at) => [`key_${at}`, at]))),
    (bytes) => consume(readJsonl(chunksOf(bytes), 'm.jsonl')),
  ],
  [
    'jsonl, rows',
    'rows',
    50_000,
    (n) => Buffer.from('{"image":"a.png","prompt":"a cat","camera":"x"}\n'.repeat(n)),
    (bytes) => consume(readJsonl(chunksOf(bytes), 'm.jsonl')),
  ],
  [
    'jsonl, one line',
    'bytes',
    32_000_000,
    (n) => Buffer.from(`{"image":"${'A'.repeat(n)}"}`),
    (bytes) => consume(readJsonl(chunksOf(bytes), 'm.jsonl')),
  ],
  [
    'csv, columns',
    'columns',
    10_000,
    (n) => Buffer.from(`image,prompt,${count(n - 2, (at) => `column_${at}`).join()}\na,b${','.repeat(n - 2)}\n`),
    (bytes) => consume(readCsv(chunksOf(bytes), 'm.csv', ',')),
  ],
  [
    'csv, rows',
    'rows',
    50_000,
    (n) => Buffer.from(`image,prompt\n${'a.png,"a ""cat"""\n'.repeat(n)}`),
    (bytes) => consume(readCsv(chunksOf(bytes), 'm.csv', ',')),
  ],
  [
    'csv, one cell',
    'bytes',
    8_000_000,
    (n) => Buffer.from(`image,prompt\na.png,"${'""'.repeat(n / 2)}"\n`),
    (bytes) => consume(readCsv(chunksOf(bytes), 'm.csv', ',')),
  ],
  [
    'request, refused by its columns',
    'columns',
    90_000,
    (n) => jsonBytes({ input_data: { columns: count(n, (at) => `c${at}`), data: [] } }),
    (body) => request(body, 0),
  ],
  [
    'request, rows of 200 keys',
    'rows',
    200,
    (n) =>
      jsonBytes({
        input_data: count(n, (row) => ({
          image: 'AAAA',
          prompt: 'p',
          ...Object.fromEntries(count(200, (at) => [`c${row}_${at}`, at])),
        })),
      }),
    (body) => request(body, 0),
  ],
  [
    'request, base64',
    'bytes',
    24_000_000,
    (n) => jsonBytes({ input_data: [{ image: 'A'.repeat(n - (n % 4)), prompt: 'p' }] }),
    (body) => request(body, 0),
  ],
  ['data: URL, percent', 'bytes', 8_000_000, (n) => `data:,${'%41'.repeat(n / 3)}`, decodeInline],
  ['base64 in lines', 'bytes', 24_000_000, (n) => `${'A'.repeat(76)}\n`.repeat(Math.ceil(n / 77)), decodeInline],
  ['prompt, a word', 'letters', 20_000, (n) => count(n, letter).join(''), encodeWord],
  ['prompt, a1111 brackets', 'brackets', 20_000, (n) => '('.repeat(n / 2) + ')'.repeat(n / 2), parseA1111],
  ['prompt, a1111 weights', 'characters', 20_000, (n) => '(a:1.2)'.repeat(n / 7), parseA1111],
  [
    'prompt, a1111 schedule',
    'characters',
    20_000,
    (n) => '[a:b:0.5] '.repeat(n / 10),
    (text) => schedulePrompt(text, 20),
  ],
  ['prompt, comfy brackets', 'brackets', 20_000, (n) => '('.repeat(n / 2) + ')'.repeat(n / 2), parseComfy],
  ['prompt, compel', 'characters', 20_000, (n) => '(a b)1.2 '.repeat(n / 9), parseCompel],
  ['prompt, compel brackets', 'brackets', 20_000, (n) => '('.repeat(n / 2) + ')'.repeat(n / 2), parseCompel],
  [
    'png, text chunks',
    'chunks',
    100_000,
    (n) => png(count(n, (at) => [`key${at}`, 'x'])),
    (bytes) => readEmbeddedText(bytes, () => undefined),
  ],
  [
    'png, infotext',
    'characters',
    1_000_000,
    (n) => png([['parameters', `a cat\nSteps: 20, ${'Key: value, '.repeat(n / 12)}Seed: 1`]]),
    readGenerationFacts,
  ],
  [
    'png, a prompt of lines',
    'characters',
    1_000_000,
    (n) =>
      png([['parameters', `${'Negative prompt: a\n'.repeat(n / 19)}Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1`]]),
    readGenerationFacts,
  ],
  [
    'png, graph',
    'nodes',
    10_000,
    (n) =>
      png([
        [
          'prompt',
          JSON.stringify(
            Object.fromEntries(
              count(n, (at) => [
                String(at),
                {
                  class_type: at === 0 ? 'KSampler' : 'ConditioningCombine',
                  inputs: { positive: [String(at + 1), 0], conditioning_1: [String(at + 1), 0] },
                },
              ]),
            ),
          ),
        ],
      ]),
    readGenerationFacts,
  ],
  [
    'safetensors, tensors',
    'tensors',
    50_000,
    (n) =>
      jsonBytes(
        Object.fromEntries(
          count(n, (at) => [`t${at}`, { dtype: 'F16', shape: [1], data_offsets: [2 * at, 2 * at + 2] }]),
        ),
      ),
    (header) => parseSafetensorsHeader(header, 8 + header.length + 2 * 50_000, 'f'),
  ],
  [
    'tokenizer, merges',
    'merges',
    48_000,
    (n) => ({ 'vocab.json': vocabText, 'merges.txt': mergesText.split('\n').slice(0, n).join('\n') }),
    (files) => parseTokenizerFiles(files, 'f'),
  ],
];

/** Milliseconds of processor time: the least of some runs, each repeated until it can be measured. */
const timeOf = async (work, input) => {
  let least = Infinity;
  for (let run = 0; run < Number(values.runs); run++) {
    const start = process.cpuUsage();
    let times = 0;
    const spent = () => {
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    do {
      await work(input);
      times++;
    } while (spent() < 30);
    least = Math.min(least, spent() / times);
  }
  return least;
};

/** Least squares through (log size, log time). */
const slopeOf = (points) => {
  const logs = points.map(([size, ms]) => [Math.log(size), Math.log(ms)]);
  const mean = (at) => logs.reduce((sum, point) => sum + point[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
};

console.log(`Node ${process.version}; processor time, least of ${values.runs}\n`);
console.log('| parser | largest | ms at 1/8 | 1/4 | 1/2 | 1 | slope |\n|---|---|---|---|---|---|---|');
for (const [name, unit, largest, make, work] of PARSERS) {
  if (!name.includes(values.only)) continue;
  await timeOf(tried(work), make(largest));
  const points = [];
  for (const share of SHARES) {
    const size = Math.round(largest * share);
    points.push([size, await timeOf(tried(work), make(size))]);
  }
  const times = points.map(([, ms]) => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0)));
  console.log(`| ${name} | ${largest} ${unit} | ${times.join(' | ')} | ${slopeOf(points).toFixed(2)} |`);
}
