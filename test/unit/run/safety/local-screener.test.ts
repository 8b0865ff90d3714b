import { join } from 'node:path';
import { rmSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import type { RefineError } from '#src/errors.js';
import { localScreener } from '#src/run/safety/local-screener.js';
import type { Screener } from '#src/run/safety/screener.js';
import { workFolder } from '../../../support/batch.js';
import { writeClassifier, type ClassifierParts } from '../../../support/classifier.js';

const folder = workFolder();
const { signal } = new AbortController();
let made = 0;

const classifier = (parts?: ClassifierParts): string => writeClassifier(join(folder, String(made++)), parts);
const opened = async (path: string, blockAt = '0.5'): Promise<Screener> => {
  const screener = await localScreener(path, blockAt);
  await screener.open(signal);
  return screener;
};
const plain = (grey: number, width = 60, height = 40): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toBuffer();
const shareOf = (logit: number): number => 1 / (1 + Math.exp(-logit));

describe('a classifier in a published folder', () => {
  it('gives probabilities of its labels: softmax over logits of normalized pixels', async () => {
    const screener = await opened(classifier());
    const { isBlocked, categories } = await screener.screenPicture(await plain(160), signal);
    /* Three channels, twice each, of (160 / 255 - 0.5) / 0.5. */
    const nsfw = shareOf(6 * ((160 / 255) * 2 - 1));
    expect(isBlocked).toBe(true);
    expect(categories.map(({ category }) => category)).toEqual(['normal', 'nsfw']);
    expect(categories[1]!.severity).toBeCloseTo(nsfw, 3);
    expect(categories[0]!.severity).toBeCloseTo(1 - nsfw, 3);
    expect((await screener.screenPicture(await plain(60), signal)).isBlocked).toBe(false);
    expect(screener.screenText).toBeNull();
    await screener.close();
  });

  it('keeps the channels apart', async () => {
    const screener = await opened(
      classifier({
        weights: [
          [0, 0, 0],
          [4, 0, -4],
        ],
      }),
    );
    const colour = (background: string): Promise<Buffer> =>
      sharp({ create: { width: 30, height: 30, channels: 3, background } })
        .png()
        .toBuffer();
    expect((await screener.screenPicture(await colour('red'), signal)).isBlocked).toBe(true);
    expect((await screener.screenPicture(await colour('blue'), signal)).isBlocked).toBe(false);
    await screener.close();
  });

  it('blocks by all unsafe labels together, or by one that is named', async () => {
    /* Of white: hentai, porn and sexy about 0.3 each. */
    const labels = ['drawings', 'hentai', 'neutral', 'porn', 'sexy'];
    const weights = [
      [0, 0, 0],
      [1, 1, 1],
      [0, 0, 0],
      [1, 1, 1],
      [1, 1, 1],
    ];
    const path = classifier({ labels, weights });
    const white = await plain(255);
    const verdicts = await Promise.all(
      ['0.8', 'sexy=0.9', '0.8,sexy=0.9', 'neutral=0.01', '0.99'].map(async (blockAt) => {
        const screener = await opened(path, blockAt);
        const { isBlocked } = await screener.screenPicture(white, signal);
        await screener.close();
        return isBlocked;
      }),
    );
    /* 'sexy=0.9' leaves hentai and porn, 0.62, over 0.5. */
    expect(verdicts).toEqual([true, true, false, true, false]);
  });

  it('takes sigmoids where labels do not exclude each other', async () => {
    const config = { problem_type: 'multi_label_classification' };
    const screener = await opened(
      classifier({
        labels: ['nsfw', 'cat'],
        config,
        weights: [
          [0, 0, 0],
          [1, 1, 1],
        ],
      }),
    );
    const { categories } = await screener.screenPicture(await plain(255), signal);
    expect(categories).toEqual([
      { category: 'nsfw', severity: 0.5 },
      { category: 'cat', severity: expect.closeTo(shareOf(3), 3) },
    ]);
    await screener.close();
  });

  it('resizes the shorter side and cuts the middle out where the preprocessor says so', async () => {
    const preprocessor = {
      size: { shortest_edge: 20 },
      do_center_crop: true,
      crop_size: { height: 20, width: 20 },
      resample: 3,
    };
    const screener = await opened(classifier({ preprocessor }));
    /* White at both ends, black in the middle. */
    const bars = await sharp({ create: { width: 60, height: 20, channels: 3, background: 'white' } })
      .composite([{ input: await plain(0, 30, 20), left: 15, top: 0 }])
      .png()
      .toBuffer();
    expect((await screener.screenPicture(bars, signal)).isBlocked).toBe(false);
    await screener.close();
  });

  it.each([
    ['its folder', (path: string) => path],
    ['its file', (path: string) => join(path, 'onnx', 'model.onnx')],
  ])('is found by %s', async (_, name) => {
    await (await opened(name(classifier()))).close();
  });

  it('is found where only one network lies in the folder', async () => {
    await (await opened(classifier({ network: 'classifier.onnx' }))).close();
  });

  it('has an identity of its network and its levels', async () => {
    const path = classifier();
    const identity = async (folderOf: string, blockAt: string): Promise<string> =>
      (await localScreener(folderOf, blockAt)).identity;
    expect(await identity(path, '0.5')).toBe(await identity(path, '0.5'));
    expect(await identity(path, '0.5')).not.toBe(await identity(path, '0.6'));
    expect(await identity(path, '0.5')).not.toBe(
      await identity(
        classifier({
          weights: [
            [1, 0, 0],
            [0, 0, 0],
          ],
        }),
        '0.5',
      ),
    );
  });
});

describe('a model that is no classifier is refused before any row', () => {
  const refusal = (path: string, blockAt = '0.5') =>
    localScreener(path, blockAt).then(
      () => 'accepted',
      (thrown: unknown) => (thrown as RefineError).code,
    );

  it('nothing there', async () => {
    expect(await refusal(join(folder, 'nowhere'))).toBe('MODEL_NOT_FOUND');
  });
  it('no configuration', async () => {
    const path = classifier();
    rmSync(join(path, 'config.json'));
    expect(await refusal(path)).toBe('MODEL_NOT_FOUND');
  });
  it('a network that is none', async () => {
    const path = classifier();
    writeFileSync(join(path, 'onnx', 'model.onnx'), 'version https://git-lfs.github.com/spec/v1');
    expect(await refusal(path)).toBe('WEIGHTS_HEADER_INVALID');
  });
  it('labels that are not known to be unsafe, unless one is named', async () => {
    const path = classifier({ labels: ['cat', 'dog'] });
    expect(await refusal(path)).toBe('CONTENT_SAFETY_SETUP');
    expect(await refusal(path, 'dog=0.7')).toBe('accepted');
    expect(await refusal(path, 'bird=0.7')).toBe('USAGE_OPTION_INVALID');
  });
  it.each([
    ['labels', { config: { id2label: {} } }, 'MODEL_CONFIG_INVALID'],
    ['a mean', { preprocessor: { image_mean: [0.5] } }, 'MODEL_CONFIG_INVALID'],
    ['a size', { preprocessor: { size: { longest_edge: 99 } } }, 'MODEL_CONFIG_UNSUPPORTED'],
    ['a filter', { preprocessor: { resample: 9 } }, 'MODEL_CONFIG_UNSUPPORTED'],
  ])('without %s', async (_, parts, code) => {
    expect(await refusal(classifier(parts))).toBe(code);
  });
  it('as many labels as numbers are needed', async () => {
    const screener = await opened(classifier({ config: { id2label: { 0: 'normal', 1: 'nsfw', 2: 'other' } } }));
    await expect(screener.screenPicture(await plain(9), signal)).rejects.toMatchObject({
      code: 'CONTENT_SAFETY_UNAVAILABLE',
    });
    await screener.close();
  });
});
