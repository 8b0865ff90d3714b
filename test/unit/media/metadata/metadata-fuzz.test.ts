/** Thousands of damaged pictures: none makes the reader fail, hang or hold more memory than its limits allow. */
import sharp from 'sharp';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { writeExifUserComment } from '#src/media/metadata/write-exif-user-comment.js';
import { BASIC } from './comfyui-graphs.js';
import {
  chunk,
  exifComment,
  iTXt,
  jpeg,
  png,
  pngWith,
  seeded,
  tEXt,
  tiff,
  unicode,
  webp,
  zTXt,
} from './build-pictures.js';
import * as texts from './infotexts.js';
import { expectSoon } from '../../../support/expect-soon.js';

const comfy = JSON.stringify(BASIC);
const XMP =
  '<exif:UserComment><rdf:Alt><rdf:li>{&quot;c&quot;:&quot;a&quot;,&quot;sampler&quot;:&quot;x&quot;}</rdf:li></rdf:Alt></exif:UserComment>';
const pngs = [
  png(
    [tEXt('parameters', texts.PLAIN), chunk('eXIf', exifComment(unicode(texts.PLAIN, 'BE')))],
    [tEXt('prompt', comfy)],
  ),
  png([iTXt('parameters', texts.REFINED, true), zTXt('Dream', Buffer.from('"a [b]" -s 5'))]),
  pngWith({ prompt: comfy }),
  pngWith({ 'sd-metadata': '{"image":{"prompt":[{"prompt":"a [b]"}],"seed":1}}' }),
  pngWith({ parameters: '{"sui_image_params":{"prompt":"a","seed":"1"}}', Software: 'NovelAI', Comment: '{"uc":""}' }),
  png([iTXt('XML:com.adobe.xmp', XMP)]),
];
const others = [
  jpeg(exifComment(unicode(texts.WITH_JSON, 'BE')), XMP),
  webp(exifComment(unicode(texts.QUOTED, 'LE'))),
  webp(tiff([{ tag: 0x0110, type: 2, value: Buffer.from(`prompt:${comfy}\0`) }], [], true)),
];
const SPLICES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\0',
  '\n',
  'NaN',
  '["3",0]',
  '\xff',
  'Steps: ',
  '&#',
  'IEND',
  '\0\0\0\0',
  '\xff\xff\xff\xff',
];

/** One to six changes: bytes turned, bits flipped, parts put in, cut out, doubled, lengths falsified, the end cut off. */
const mutate = (original: Buffer, below: (limit: number) => number): Buffer => {
  let bytes = Buffer.from(original);
  for (let change = 1 + below(6); change > 0; change--) {
    const at = below(bytes.length + 1);
    const to = Math.min(bytes.length, at + below(60));
    const kind = below(7);
    if (kind === 0 && at < bytes.length) bytes.writeUInt8(below(256), at);
    else if (kind === 1 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8)), at);
    else if (kind === 2)
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(SPLICES[below(SPLICES.length)]!, 'latin1'),
        bytes.subarray(at),
      ]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    else if (kind === 5 && at + 4 <= bytes.length)
      bytes.writeUInt32BE(below(3) === 0 ? 0xffffffff - below(9) : below(9999), at);
    else if (below(8) === 0) bytes = bytes.subarray(0, at);
  }
  return bytes;
};

const isNumber = (value: number | null, holds: (value: number) => boolean): boolean => value === null || holds(value);

const checkFacts = (bytes: Buffer): 'facts' | 'none' => {
  const facts = readGenerationMetadata(bytes);
  if (facts === null) return 'none';
  const { prompt, negativePrompt, sampler, scheduler, seed, steps, width, height, guidanceScale, warnings } = facts;
  const holds = {
    texts: [prompt, negativePrompt, sampler, scheduler].every(
      (text) => text === null || (typeof text === 'string' && text.length <= 100_000),
    ),
    seed: seed === null || (Number.isSafeInteger(Number(seed)) && Number(seed) >= 0),
    counts: [steps, width, height].every((count) => isNumber(count, (n) => Number.isSafeInteger(n) && n > 0)),
    guidance: isNumber(guidanceScale, Number.isFinite),
    warnings: warnings.length <= 20,
  };
  /* A call of expect takes longer than the reader. */
  if (Object.values(holds).includes(false))
    expect(holds).toEqual({ texts: true, seed: true, counts: true, guidance: true, warnings: true });
  return facts.program === 'unknown' ? 'none' : 'facts';
};

it('10 000 damaged pictures', async () => {
  const avif = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
    .withExif({ IFD0: { Model: `prompt:${comfy}` } })
    .avif()
    .toBuffer();
  const pictures = [...pngs, ...others, avif];
  const below = seeded(20_260_101);
  const counts = { facts: 0, none: 0 };
  for (const picture of pictures) expect(checkFacts(picture)).toBe('facts');
  for (let round = 0; round < 10_000; round++) {
    counts[checkFacts(mutate(pictures[round % pictures.length]!, below))]++;
  }
  // Damage has to reach the parsers, not only the signatures.
  expect(counts.facts).toBeGreaterThan(3000);
  expect(counts.none).toBeGreaterThan(500);
});

it('2000 texts of damaged JSON and infotext in sound containers', () => {
  const below = seeded(7);
  const sources = [comfy, texts.PLAIN, texts.QUOTED, texts.WITH_JSON].map((text) => Buffer.from(text));
  for (let round = 0; round < 2000; round++) {
    const text = mutate(sources[round % sources.length]!, below);
    checkFacts(png([tEXt('parameters', text)]));
    checkFacts(png([tEXt('prompt', text)]));
    checkFacts(webp(exifComment(text)));
  }
});

it('1000 damaged WebPs and JPEGs with EXIF: ours is written beside what is left, or refused by name', () => {
  const below = seeded(99);
  let written = 0;
  for (let round = 0; round < 1000; round++) {
    const picture = mutate(others[round % others.length]!, below);
    try {
      const bytes = writeExifUserComment(picture, texts.PLAIN);
      if (bytes !== null && readGenerationMetadata(bytes)?.seed === 123456789) written++;
    } catch (thrown) {
      expect((thrown as { code?: string }).code).toBe('INTERNAL');
    }
  }
  expect(written).toBeGreaterThan(400);
});

it('bombs and 50 MB of text cost moments and little memory', async () => {
  const large = Buffer.alloc(50 * 2 ** 20, 'Steps: 1, ');
  const bombs = [
    png([tEXt('parameters', large)]),
    png(new Array<Buffer>(40).fill(zTXt('k', large.subarray(0, 8 * 2 ** 20)))),
    png([zTXt('parameters', large), zTXt('prompt', Buffer.alloc(8 * 2 ** 20, '{"a":'))]),
    png([zTXt('parameters', Buffer.alloc(8 * 2 ** 20, '\n'))]),
    png([zTXt('prompt', Buffer.alloc(8 * 2 ** 20, '{"class_type":"KSampler","inputs":{}},'))]),
    png([
      zTXt(
        'invokeai_metadata',
        Buffer.concat([Buffer.from('{"a":['), Buffer.alloc(299_000, '0,'), Buffer.from('0]}')]),
      ),
    ]),
    png([iTXt('XML:com.adobe.xmp', '<rdf:li'.repeat(10 ** 6))]),
    jpeg(exifComment(Buffer.alloc(60_000, '\n'))),
    webp(exifComment(unicode('a: "'.repeat(10 ** 6), 'BE'))),
    webp(exifComment(large)),
    webp(tiff(Array.from({ length: 900 }, () => ({ tag: 0x9286, type: 7 as const, value: large.subarray(0, 1000) })))),
    Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(4 * 10 ** 6, Buffer.from([0xff, 0xe1, 0, 2]))]),
    Buffer.concat([png([]).subarray(0, 33), Buffer.alloc(12 * 10 ** 6, chunk('aaAa', ''))]),
    Buffer.concat([Buffer.from('\0\0\0\x08ftyp'), Buffer.alloc(8 * 10 ** 6, Buffer.from('\0\0\0\x08free'))]),
  ];
  const before = process.memoryUsage().rss;
  for (const bomb of bombs) {
    await expectSoon(() => {
      checkFacts(bomb);
    }, 5);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
});
