/**
 * Processor time against size, of every parser of data from outside, and the slope of the line through them (log-log): 1 is time in
 * proportion to size, 2 is quadratic. Inputs are the worst that the limits let through: many small parts rather than a few large ones.
 *
 *   npx tsc -b && node bench/parsers.mjs [--only json] [--runs 5]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deflateSync } from 'node:zlib';
import { crc32 } from '../dist/media/metadata/containers/crc32.js';
import { decodeInline } from '../dist/media/image/decode-inline.js';
import { withoutPngTexts } from '../dist/media/image/without-png-texts.js';
import { parseJson } from '../dist/io/json/parse-json.js';
import { readCsv } from '../dist/run/manifest/formats/read-csv.js';
import { readJsonl } from '../dist/run/manifest/formats/read-jsonl.js';
import { readEmbeddedText } from '../dist/media/metadata/read-embedded-text.js';
import { readGenerationMetadata } from '../dist/media/metadata/read-generation-metadata.js';
import { requestReader } from '../dist/app/server/requests/read-request.js';
import { bytePairEncoder } from '../dist/diffusion/text/tokenizer/byte-pair-encoding.js';
import { parseA1111 } from '../dist/diffusion/text/syntaxes/parse-a1111.js';
import { schedulePrompt } from '../dist/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { parseComfy } from '../dist/diffusion/text/syntaxes/parse-comfy.js';
import { parseCompel } from '../dist/diffusion/text/syntaxes/parse-compel.js';
import { parseTokenizerFiles } from '../dist/diffusion/text/tokenizer/tokenizer-files.js';
import { parseSafetensorsHeader } from '../dist/models/weights/safetensors/safetensors-header.js';
import { readConfigFile } from '../dist/app/cli/config/config-file.js';
import { readSidecar } from '../dist/run/manifest/formats/read-sidecar.js';
import { readResults } from '../dist/run/results/read-results.js';
import { parseNpy } from '../dist/models/weights/latents/parse-npy.js';
import { parseTorchPickle } from '../dist/models/weights/latents/parse-torch-pickle.js';
import { readZipEntries } from '../dist/models/weights/latents/zip-entries.js';
import { openAdapterFile } from '../dist/models/weights/lora/adapter-file.js';
import { adapterLayers, readAdapterKey } from '../dist/models/weights/lora/adapter-names.js';

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
/** Parsers whose plain errors become part of a message. */
const refused = (work) => {
  try {
    work();
  } catch (thrown) {
    if (thrown.name !== 'Error') throw thrown;
  }
};
const settingsOf = (path) => readConfigFile(path, scratch, SETTINGS, new Set());
const consumeRecords = async (path) => {
  let records = 0;
  for await (const one of readResults(path)) records += one.row_number_per_file === 0 ? 1 : 0;
  return records;
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
const request = requestReader({ rows: { options: {} }, loraFolder: null, limits: { maxRows: 1000 } });
const jsonBytes = (value) => Buffer.from(JSON.stringify(value));

const scratch = mkdtempSync(join(tmpdir(), 'sdxl-refine-parsers-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
/** What opens a file gets one: made before the time is taken. */
const fileOf = (name, bytes) => {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
};
const npy = (dims, data) => {
  const header = Buffer.from(`{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }\n`, 'latin1');
  const head = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
  head.writeUInt16LE(header.length, 8);
  return Buffer.concat([head, header, data]);
};
/** A tensor of `sides` dimensions, put together `times` times. */
const pickle = (sides, times) =>
  Buffer.concat([
    Buffer.from('\x80\x02(ctorch._utils\n_rebuild_tensor_v2\nq\0', 'latin1'),
    Buffer.from('((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aX\x01\0\0\0cK\x01tQ', 'latin1'),
    Buffer.from('K\0('),
    Buffer.alloc(2 * sides, Buffer.from('K\x01', 'latin1')),
    Buffer.from('tq\x01h\x01tq\x02', 'latin1'),
    Buffer.alloc(5 * times, Buffer.from('h\0h\x02R', 'latin1')),
    Buffer.from('t.'),
  ]);
/** A zip of stored entries of one byte, whose names have so many characters. */
const zip = (entries, nameLength) => {
  const locals = [];
  const centrals = [];
  for (let at = 0; at < entries; at++) {
    const name = Buffer.from(String(at).padStart(nameLength, 'x'));
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt32LE(1, 20);
    central.writeUInt32LE(1, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at * (31 + name.length), 42);
    locals.push(local, name, Buffer.from('x'));
    centrals.push(central, name);
  }
  const [data, directory, end] = [Buffer.concat(locals), Buffer.concat(centrals), Buffer.alloc(22)];
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(data.length, 16);
  return Buffer.concat([data, directory, end]);
};
const safetensors = (tensors, metadata) => {
  const entries = tensors.map(([name, shape], at) => [
    name,
    { dtype: 'F16', shape, data_offsets: [8 * at, 8 * at + 8] },
  ]);
  const header = jsonBytes({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(8 * tensors.length)]);
};
const SETTINGS = [{ name: 'prompt', schema: { safeParse: (data) => ({ success: true, data }) }, isPath: false }];
const record = (prompt) =>
  JSON.stringify({ row_number_per_file: 0, image_file_name: 'a.png', input_csv_name: 'm.jsonl', status: 'ok', prompt });

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
  ['png, text chunks taken away', 'chunks', 9000, (n) => png(count(n, (at) => [`key${at}`, 'x'])), withoutPngTexts],
  [
    'png, infotext',
    'characters',
    1_000_000,
    (n) => png([['parameters', `a cat\nSteps: 20, ${'Key: value, '.repeat(n / 12)}Seed: 1`]]),
    readGenerationMetadata,
  ],
  [
    'png, a prompt of lines',
    'characters',
    1_000_000,
    (n) =>
      png([['parameters', `${'Negative prompt: a\n'.repeat(n / 19)}Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1`]]),
    readGenerationMetadata,
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
    readGenerationMetadata,
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
  [
    'png, texts that cannot be decompressed',
    'chunks',
    2000,
    (n) => {
      const bomb = chunk(
        'zTXt',
        Buffer.concat([Buffer.from('k\0\0', 'latin1'), deflateSync(Buffer.alloc(8 * 2 ** 20 + 1))]),
      );
      return Buffer.concat([SIGNATURE, HEADER, ...count(n, () => bomb)]);
    },
    readGenerationMetadata,
  ],
  ['npy, numbers', 'numbers', 4_000_000, (n) => npy(`1, ${n}`, Buffer.alloc(4 * n)), (bytes) => parseNpy(bytes, 'f')],
  ['npy, sides', 'sides', 4000, (n) => npy('1,'.repeat(n), Buffer.alloc(4)), (bytes) => parseNpy(bytes, 'f')],
  ['pickle, tensors', 'tensors', 12_000, (n) => pickle(4, n), (bytes) => refused(() => parseTorchPickle(bytes))],
  [
    'pickle, tensors of many sides',
    'tensors',
    6000,
    (n) => pickle(2 * n, n),
    (bytes) => refused(() => parseTorchPickle(bytes)),
  ],
  [
    'zip, characters of names',
    'characters',
    60_000,
    (n) => fileOf('x.pt', zip(60, Math.floor(n / 60))),
    async (path) => {
      const handle = await open(path);
      try {
        await readZipEntries(handle, (await handle.stat()).size);
      } finally {
        await handle.close();
      }
    },
  ],
  [
    'lora, layers',
    'layers',
    4000,
    (n) =>
      fileOf(
        'lora.safetensors',
        safetensors(
          count(2 * n, (at) => [`unet.down_blocks.${at >> 1}.to_k.lora_${'AB'[at & 1]}.weight`, [2, 2]]),
          {
            lora_adapter_metadata: JSON.stringify({
              'unet.alpha_pattern': Object.fromEntries(count(n, (at) => [`x${at}`, 4])),
            }),
          },
        ),
      ),
    openAdapterFile,
  ],
  [
    'lora, names',
    'names',
    50_000,
    (n) => count(n, (at) => `lora_unet_input_blocks_${at}_1_transformer_blocks_0_attn2_to_k.lora_down.weight`),
    (names) => {
      const layerOf = adapterLayers(names);
      for (const name of names) layerOf(readAdapterKey(name)?.layer ?? '');
    },
  ],
  [
    'lora, a name',
    'characters',
    100_000,
    (n) => `lora_unet_${'a_1'.repeat(n / 3)}.lora_down.weight`,
    (name) => adapterLayers([])(readAdapterKey(name).layer),
  ],
  [
    'settings in YAML, keys',
    'keys',
    20_000,
    (n) => fileOf('a.yaml', count(n, (at) => `k${at}: [1, {a: b}]\n`).join('')),
    settingsOf,
  ],
  [
    'settings in YAML, depth',
    'brackets',
    4000,
    (n) => fileOf('b.yaml', `prompt: ${'['.repeat(n / 2)}${']'.repeat(n / 2)}\n`),
    settingsOf,
  ],
  [
    'settings in YAML, aliases',
    'aliases',
    20_000,
    (n) => fileOf('c.yaml', `a: &a [1]\nprompt: [${'*a, '.repeat(n)}1]\n`),
    settingsOf,
  ],
  [
    'settings in YAML, a text',
    'characters',
    1_000_000,
    (n) => fileOf('d.yaml', `prompt: "${'a\\n '.repeat(n / 4)}"\n`),
    settingsOf,
  ],
  ['sidecar', 'bytes', 65_536, (n) => join(fileOf('cat.txt', Buffer.alloc(n, 'é\n')), '..', 'cat.png'), readSidecar],
  [
    'journal, lines',
    'lines',
    20_000,
    (n) => fileOf('r.jsonl', `${record('a cat')}\n`.repeat(n)),
    (path) => consumeRecords(path),
  ],
  [
    'journal, a line',
    'bytes',
    32_000_000,
    (n) => fileOf('l.jsonl', `${record('x'.repeat(n))}\n`),
    (path) => consumeRecords(path),
  ],
  [
    'journal, a line without an end',
    'bytes',
    32_000_000,
    (n) => fileOf('t.jsonl', Buffer.alloc(n, 'x')),
    (path) => consumeRecords(path),
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
