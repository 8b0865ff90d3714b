/** Metadata of pictures from outside: chunks, EXIF, XMP, infotext, graphs; and what is written is read back. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { crc32 } from '#src/media/metadata/containers/crc32.js';
import { readEmbeddedText } from '#src/media/metadata/read-embedded-text.js';
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readInfotext } from '#src/media/metadata/read-infotext.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { readTextChunks } from '#src/media/metadata/read-text-chunks.js';
import { writeExifUserComment } from '#src/media/metadata/write-exif-user-comment.js';
import { isKeyword, writePngText } from '#src/media/metadata/write-png-text.js';
import { BASIC } from '../unit/media/metadata/comfyui-graphs.js';
import {
  exifComment,
  iTXt,
  jpeg,
  png,
  pngWith,
  tEXt,
  tiff,
  unicode,
  webp,
  zTXt,
} from '../unit/media/metadata/build-pictures.js';
import * as infotexts from '../unit/media/metadata/infotexts.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { expectShort } from './refusals.js';
import { textOf } from './texts.js';

const graph = JSON.stringify(BASIC);
const XMP =
  '<exif:UserComment><rdf:Alt><rdf:li>{&quot;c&quot;:&quot;a&quot;,&quot;sampler&quot;:&quot;x&quot;}</rdf:li></rdf:Alt></exif:UserComment>';

/** gzip ends with the checksum of what it holds (RFC 1952, 2.3.1). */
const checksumOf = (bytes: Uint8Array): number => {
  const zipped = gzipSync(bytes, { level: 0 });
  return zipped.readUInt32LE(zipped.length - 8);
};

/** Chunks keep the checksums that they should have: a reader may look at them first. */
const withChecksums = (changed: Buffer): Buffer => {
  const mended = Buffer.from(changed);
  if (mended.toString('latin1', 1, 4) !== 'PNG') return mended;
  for (let at = 8; at + 12 <= mended.length;) {
    const end = at + 12 + mended.readUInt32BE(at);
    if (end > mended.length) break;
    mended.writeUInt32BE(checksumOf(mended.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return mended;
};

const containers = mutationsOf(
  {
    'infotext.png': () => png([tEXt('parameters', infotexts.PLAIN)], [tEXt('prompt', graph)]),
    'compressed.png': () =>
      png([iTXt('parameters', infotexts.REFINED, true), zTXt('Dream', Buffer.from('"a [b]" -s 5'))]),
    'graph.png': () => pngWith({ prompt: graph }),
    'invoke.png': () => pngWith({ 'sd-metadata': '{"image":{"prompt":[{"prompt":"a [b]"}],"seed":1}}' }),
    'swarm.png': () =>
      pngWith({
        parameters: '{"sui_image_params":{"prompt":"a","seed":"1"}}',
        Software: 'NovelAI',
        Comment: '{"uc":""}',
      }),
    'xmp.png': () => png([iTXt('XML:com.adobe.xmp', XMP)]),
    'exif.jpg': () => jpeg(exifComment(unicode(infotexts.WITH_JSON, 'BE')), XMP),
    'exif.webp': () => webp(exifComment(unicode(infotexts.QUOTED, 'LE'))),
    'graph.webp': () => webp(tiff([{ tag: 0x0110, type: 2, value: Buffer.from(`prompt:${graph}\0`) }], [], true)),
  },
  [
    'Steps: ',
    'IEND',
    'tEXt',
    'zTXt',
    '\0\0\0\0',
    '\xff\xff\xff\xff',
    'NaN',
    '["3",0]',
    '&quot;',
    '<rdf:li>',
    'Exif\0\0',
    'II*\0',
    'MM\0*',
    '"class_type":"KSampler",',
    'Negative prompt: ',
  ],
  withChecksums,
);

const isSound = (bytes: Buffer): void => {
  const facts = readGenerationMetadata(bytes);
  deepStrictEqual(readGenerationMetadata(bytes), facts);
  areSound(facts);
};

const areSound = (facts: GenerationMetadata | null): void => {
  if (facts === null) return;
  for (const text of [facts.prompt, facts.negativePrompt, facts.sampler, facts.scheduler])
    ok(text === null || text.length <= 100_000);
  ok(facts.seed === null || (Number.isSafeInteger(Number(facts.seed)) && Number(facts.seed) >= 0));
  for (const number of [facts.steps, facts.width, facts.height])
    ok(number === null || (Number.isSafeInteger(number) && number > 0));
  ok(facts.guidanceScale === null || Number.isFinite(facts.guidanceScale));
  ok(facts.warnings.length <= 20);
  facts.warnings.forEach(expectShort);
};

const text = textOf(
  [
    ...infotexts.PLAIN.split(/(, |: |\n)/),
    graph,
    '{',
    '}',
    '"',
    '\\',
    'NaN',
    '<lora:a:1>',
    '[{"prompt":',
    'Prompt: ',
    'Seed: 4',
    '\r',
  ],
  20,
);
const keyword = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).filter(isKeyword);
/** NULs are left out as they are written, and a byte order mark as it is read. */
const entries = fc.array(
  fc.record(
    { keyword, text: text.filter((one) => one.isWellFormed() && !/\0|^\ufeff/.test(one)) },
    { noNullPrototype: true },
  ),
  { maxLength: 4 },
);
const noWarning = (): void => undefined;

export const properties = [
  property(
    'metadata: of a damaged picture all or nothing is told, within limits, and the same each time',
    'file',
    containers.arbitrary,
    async (one) => {
      isSound(await containers.bytesOf(one));
    },
    100,
  ),
  property('metadata: any text is read as some program’s, or as none', 'text', text, (of) => {
    for (const name of ['parameters', 'prompt', 'sd-metadata', 'invokeai_metadata', 'Dream'])
      isSound(png([iTXt(name, of)]));
    isSound(webp(exifComment(unicode(of, 'LE'))));
    areSound(readInfotext(of));
  }),
  property('metadata: texts that are written into a PNG are read back', 'value', entries, (written) => {
    deepStrictEqual(readTextChunks(writePngText(png([]), written), noWarning), written);
  }),
  property(
    'metadata: a comment that is written into EXIF is read back',
    'value',
    fc.tuple(text, fc.constantFrom<'jpeg' | 'webp'>('jpeg', 'webp')),
    ([of, container]) => {
      /* NULs at its end are the format's. */
      const comment = of.replace(/\0+$/, '');
      const written = writeExifUserComment(
        container === 'jpeg' ? jpeg(null) : webp(exifComment(Buffer.from('x'))),
        comment,
      );
      if (written === null || comment === '') return;
      strictEqual(readEmbeddedText(written, noWarning)?.exif?.userComments[0], comment);
    },
  ),
  property('metadata: checksums are zlib’s', 'value', fc.uint8Array({ maxLength: 300 }), (bytes) => {
    strictEqual(crc32(Buffer.from(bytes)) >>> 0, checksumOf(bytes));
  }),
];
