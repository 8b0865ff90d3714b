/**
 * Readers of outside text take time in proportion to its length. Each text is the worst for its reader, and so long that a pattern with
 * quadratic time needs minutes; the bound is processor time, which other programs of the machine do not add to.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLoras } from '#src/app/cli/options/lora-options.js';
import { unusedWarning } from '#src/diffusion/pipeline/unused-warning.js';
import { schedulePrompt } from '#src/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { parseA1111 } from '#src/diffusion/text/syntaxes/parse-a1111.js';
import { parseComfy } from '#src/diffusion/text/syntaxes/parse-comfy.js';
import { parseCompel } from '#src/diffusion/text/syntaxes/parse-compel.js';
import { parseStoreUri } from '#src/io/store/store-uri.js';
import { decodeInline } from '#src/media/image/decode-inline.js';
import { a1111Parameters } from '#src/media/metadata/a1111-parameters.js';
import { findAvifExif } from '#src/media/metadata/containers/avif-exif.js';
import { decodeText } from '#src/media/metadata/containers/decode-text.js';
import { gifComments } from '#src/media/metadata/containers/gif-comments.js';
import { readLabelledText } from '#src/media/metadata/programs/labelled-text.js';
import { metadataIn } from '#src/media/metadata/read-generation-metadata.js';
import { collectWarnings } from '#src/media/metadata/warnings.js';
import { readSidecar } from '#src/run/manifest/formats/read-sidecar.js';
import { sortNaturally } from '#src/run/manifest/inputs/natural-order.js';
import { parsePictureSource } from '#src/run/manifest/inputs/picture-source.js';
import { applyLoraWeights } from '#src/run/manifest/rows/lora-weights.js';
import { hideUriSecrets } from '#src/records/uri-secrets.js';
import { parseOutput } from '#src/run/manifest/rows/output-name.js';
import { readText } from '#src/run/manifest/rows/parse-value.js';
import { takeTags } from '#src/run/manifest/rows/prompt-tags.js';
import { expectSoon } from '../support/expect-soon.js';
import { temporaryFolder } from '../support/run-cli.js';
import { plainSettings } from '../support/settings.js';

/** The longest infotext: half a million million steps in quadratic time. */
const LONG = 2 ** 20 - 100;

/** A refusal is an answer. */
const tryOut = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (thrown) {
    return thrown;
  }
};

const readKeyword = (keyword: string, text: string): unknown =>
  metadataIn({ container: 'png', texts: [{ keyword, text }], exif: null, xmp: null, comments: [] }, collectWarnings());
const readGraph = (nodes: object): unknown => readKeyword('prompt', JSON.stringify(nodes));
const readXmp = (text: string): unknown => {
  const xmp = `<exif:UserComment><rdf:li>${text}</rdf:li></exif:UserComment>`;
  return metadataIn({ container: 'png', texts: [], exif: null, xmp, comments: [] }, collectWarnings());
};
const readSwarmui = (prompt: string): unknown =>
  readKeyword('parameters', JSON.stringify({ sui_image_params: { prompt } }));
const readNovelai = (prompt: string): unknown =>
  readKeyword('parameters', JSON.stringify({ Software: 'NovelAI', Description: prompt }));
const readPlain = (prompt: string): unknown => applyLoraWeights({ promptSyntax: 'plain', prompt }, {}, {});
/** A sampler whose prompt comes from a node. */
const graphOf = (type: string, inputs: object) => ({
  s: { class_type: 'KSampler', inputs: { sampler_name: 'euler', steps: 9, cfg: 7, positive: ['t', 0] } },
  t: { class_type: type, inputs },
});
/** Texts in JSON may have up to 8 MiB. */
const MANY = 4 * LONG;

const END = 'Steps: 9, Sampler: Euler, Version: sdxl-refine 0.1.0';
const TAIL = `\nNegative prompt: \n${END}`;
const run = {
  scheduler: 'EulerDiscreteScheduler',
  stepsRun: 9,
  width: 8,
  height: 8,
  model: { name: 'm', fingerprint: null },
  version: '0.1.0',
  source: null,
};

it.each<[string, () => unknown]>([
  ['white space in an infotext', () => readKeyword('parameters', `a${' '.repeat(LONG - 200)}b${TAIL}`)],
  ['open tags in an infotext', () => readKeyword('parameters', `${'<lora:'.repeat(LONG / 6 - 50)}${TAIL}`)],
  [
    'open lists in an infotext',
    () => readKeyword('parameters', `${'ab:[,'.repeat(999)}"${'x'.repeat(LONG - 6000)}, ${END}`),
  ],
  [
    'many lines of open lists',
    () => readKeyword('parameters', `Steps: 1, a:1, b:1, ${'ab:[,'.repeat(999)}"${'x'.repeat(60_000)}\n`.repeat(15)),
  ],
  ['digits in an infotext', () => readKeyword('parameters', `a\nSteps: ${'1'.repeat(LONG - 100)}x, b: 1, c: 2`)],
  ['a type of a graph', () => readGraph({ 1: { class_type: 'save'.repeat(LONG), inputs: {} } })],
  ['choices of a graph', () => readGraph(graphOf('random', { text: `{${'|'.repeat(MANY)}` }))],
  ['names of inputs', () => readGraph(graphOf('x', { [`input${'0'.repeat(MANY)}x`]: ['s', 0], select: 1 }))],
  [
    'open tags of SwarmUI',
    () => readKeyword('parameters', JSON.stringify({ sui_image_params: { prompt: '<region:<a['.repeat(MANY / 12) } })),
  ],
  ['weights of InvokeAI', () => readKeyword('Dream', `"${'a:-1'.repeat(LONG / 5)}" -s 9 ${' -S'.repeat(LONG / 20)}`)],
  ['colons of InvokeAI', () => readKeyword('Dream', `"${':'.repeat(LONG - 20)}" -s 9`)],
  ['quotes of InvokeAI', () => readKeyword('Dream', `${'" '.repeat(LONG / 2 - 20)}${' '.repeat(9)}x -s 9`)],
  ['alternations of SwarmUI', () => readSwarmui('[a|b]'.repeat(MANY / 5))],
  ['open brackets of SwarmUI', () => readSwarmui(`${'[a|'.repeat(MANY / 6)}[${':'.repeat(MANY / 2)}`)],
  ['digits of NovelAI', () => readNovelai(`-1::${'1'.repeat(90_000)}`)],
  ['white space of NovelAI', () => readNovelai(`-1::a::${' '.repeat(90_000)}b`)],
  ['digits and points of NovelAI', () => readNovelai('-1.'.repeat(30_000))],
  ['halves of characters', () => decodeText(Buffer.from('\xed\xa0\x80\xed'.repeat(MANY / 4), 'latin1'))],
  ['bytes of no encoding', () => decodeText(Buffer.from('\xe5\x80 '.repeat(MANY / 3), 'latin1'))],
  [
    'sub-blocks of a GIF',
    () => gifComments(Buffer.from(`GIF89a${'\0'.repeat(7)}${'\x21\xfe\0'.repeat(LONG)}`, 'latin1')),
  ],
  ['tabs behind a label', () => readLabelledText(`prompt:${'\t'.repeat(LONG)}\u2028x`, () => undefined)],
  ['open references in XMP', () => readXmp('&#1'.repeat(LONG / 4))],
  [
    'white space in a written prompt',
    () => {
      a1111Parameters({ ...run, settings: { ...plainSettings, prompt: ' '.repeat(LONG), targetSize: [8, 8] } });
    },
  ],
  ['a signature in a URI', () => tryOut(() => parseStoreUri(`s3://bucket/${'?&'.repeat(LONG)}`))],
  ['schemes of URIs', () => hideUriSecrets('ab:/'.repeat(LONG) + 'a'.repeat(LONG))],
  ['marks in a URI', () => hideUriSecrets(`https://${':1'.repeat(LONG)}${'?.@'.repeat(LONG)}"`)],
  ['a signature in a row', () => tryOut(() => parsePictureSource(`s3://bucket/${'?&'.repeat(LONG)}`, '.'))],
  [
    'a data URL',
    () => tryOut(() => decodeInline(`data:image/png${';base64   '.repeat(LONG / 10)}x,=${'='.repeat(LONG)}x`)),
  ],
  ['white space before BREAK', () => parseA1111(' '.repeat(LONG))],
  ['colons of weights', () => parseA1111(`(a${': '.repeat(LONG / 2)}`)],
  ['digits of a weight', () => parseComfy(`(a:${'1'.repeat(LONG)}x)`)],
  ['digits of a step', () => schedulePrompt(`[a:b:${'1'.repeat(LONG)}x]`, 10)],
  ['digits of a fragment', () => tryOut(() => parseCompel(`${'1'.repeat(LONG)}(`))],
  ['white space behind a conjunction', () => parseCompel(`("a", "b").and(${' '.repeat(LONG)}`)],
  ['digits of a number', () => readText('strength', `${'1'.repeat(LONG)}x`)],
  ['digits of a weight in a plain prompt', () => readPlain(`(a:${'1'.repeat(LONG)}`)],
  ['white space of a weight in a plain prompt', () => readPlain(`(a:${' '.repeat(LONG)}:${'('.repeat(LONG)}`)],
  ['digits of a LoRA’s weight', () => parseLoras(`a:${'1'.repeat(LONG)}x`, '/')],
  ['points of an output', () => tryOut(() => parseOutput(`${'. '.repeat(LONG)}x`, 'png'))],
  ['digits and points of a picture’s name', () => sortNaturally([`${'1.'.repeat(LONG)}/`, '0'.repeat(LONG)])],
  ['digits of a tag', () => takeTags(`<lora:a:${'1'.repeat(LONG)}x>`, 'a1111')],
  ['names of tensors', () => unusedWarning([`${'.loss.'.repeat(LONG)}\n`, `${'.model_ema'.repeat(LONG)}\n`])],
  [
    'line ends of a prompt’s file',
    async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'a.txt'), `a${'\n'.repeat(60_000)}b`);
      for (let time = 0; time < 50; time++) await readSidecar(join(folder, 'a.png'));
    },
  ],
])('%s', (_, read) => expectSoon(read));

it('items of an AVIF that have parts without bytes', async () => {
  const box = (type: string, ...data: Buffer[]): Buffer => {
    const body = Buffer.concat([Buffer.from(type), ...data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    return Buffer.concat([length, body]);
  };
  const item = Buffer.from([0, 2, 0, 0, 0xff, 0xff]);
  const items = Buffer.concat(Array.from({ length: 0xffff }, () => item));
  const iloc = box('iloc', Buffer.from([0, 0, 0, 0, 0, 0, 0xff, 0xff]), items);
  const infe = box('infe', Buffer.from([2, 0, 0, 0, 0, 1, 0, 0]), Buffer.from('Exif\0'));
  const iinf = box('iinf', Buffer.from([0, 0, 0, 0, 0, 1]), infe);
  const avif = Buffer.concat([box('ftyp', Buffer.from('avif')), box('meta', Buffer.alloc(4), iinf, iloc)]);
  await expectSoon(() => {
    for (let time = 0; time < 10; time++) expect(findAvifExif(avif)).toBeNull();
  });
});
