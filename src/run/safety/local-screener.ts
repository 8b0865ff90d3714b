/** Screens pictures with an image classifier on this machine's CPU. Prompts are not screened. */
import { createHash } from 'node:crypto';
import { messageOf, RefineError } from '../../errors.js';
import { importGraph, parseOnnxModel } from '../../onnx/graph/onnx/import-graph.js';
import { CPU } from '../../onnx/graph/operators/target.js';
import { readClassifierPixels } from '../../media/image/classifier-pixels.js';
import type { Pixels } from '../../records/picture.js';
import { openSession, type Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { findExternalData, readOnnxExport } from '../../models/weights/discovery/read-onnx-export.js';
import { showNames } from '../../models/weights/safetensors/format-value.js';
import { blockAtText, parseBlockAt, normalizeCategory, type Scale } from './block-at.js';
import { readClassifier, type ClassifierFiles } from './read-classifier.js';
import type { Screener, Verdict } from './screener.js';

/** Labels of published classifiers for unsafe content (docs/content-safety.md). */
const UNSAFE = ['nsfw', 'unsafe', 'porn', 'pornography', 'hentai', 'sexy', 'sexual', 'explicit', 'nude', 'nudity'];

/** Probabilities in results are rounded to four decimals. */
const ROUNDING = 1e4;

/**
 * @param path a folder or file as `readClassifier` takes it
 * @param blockAtOption as the user wrote it: a probability of all unsafe labels together, or probabilities by label
 * @returns a screener that is not open yet
 */
export const localScreener = async (path: string, blockAtOption: string): Promise<Screener> => {
  const files = await readClassifier(path);
  const labels = files.labels.map(normalizeCategory);
  const blockAt = parseBlockAt(blockAtOption, scaleFor(labels, files.labels));
  const unsafe = labels.map((label) => UNSAFE.includes(label) && !blockAt.each.has(label));
  if (blockAt.each.size === 0 && !unsafe.includes(true)) throw noUnsafeLabel(files);
  const bytes = await readOnnxExport(files.network);
  const digest = createHash('sha256').update(bytes).digest('hex');
  let graph: ReturnType<typeof parseOnnxModel> | null = readGraph(files.network, bytes);
  const ends = inputAndOutput(graph, files.network);
  let network: Session | undefined;

  const verdictOf = (shares: readonly number[]): Verdict => {
    const together = shares.reduce((sum, share, index) => (unsafe[index] === true ? sum + share : sum), 0);
    const isOver = labels.some((label, index) => (shares[index] ?? 0) >= (blockAt.each.get(label) ?? Infinity));
    return {
      isBlocked: isOver || (unsafe.includes(true) && together >= blockAt.all),
      categories: files.labels.map((category, index) => ({
        category,
        severity: Math.round((shares[index] ?? 0) * ROUNDING) / ROUNDING,
      })),
      blocklists: [],
    };
  };

  return {
    service: 'local',
    identity: JSON.stringify([digest, blockAtText(blockAt)]),
    depth: 1,
    async open() {
      if (network !== undefined || graph === null) return;
      const data = await findExternalData(files.network, graph.locations);
      network = await openSession(importGraph(graph, { name: 'content classifier', target: CPU, ...data }));
      graph = null;
    },
    screenText: null,
    async screenPicture(picture) {
      if (network === undefined) throw new Error('the classifier is not open');
      const pixels = await readClassifierPixels(picture, files.size);
      const { [ends.output]: logits } = await network.run({ [ends.input]: toInput(pixels, files) });
      return verdictOf(probabilities(logits, files));
    },
    close: () => network?.close() ?? Promise.resolve(),
  };
};

const scaleFor = (plain: readonly string[], labels: readonly string[]): Scale => ({
  categories: plain,
  usual: 0.5,
  isValid: (share) => share > 0 && share <= 1,
  expected: `a probability above 0 and up to 1, or probabilities by label (${showNames(labels)}) such as ${labels[0] ?? ''}=0.8`,
});

const noUnsafeLabel = ({ labels, network }: ClassifierFiles): RefineError =>
  new RefineError(
    'CONTENT_SAFETY_SETUP',
    `Expected a label for unsafe content, found ${showNames(labels)} in ${network}. Choose the labels that block with --safety-block-at, such as ${labels[0] ?? ''}=0.5.`,
  );

const readGraph = (file: string, bytes: Uint8Array): ReturnType<typeof parseOnnxModel> => {
  try {
    return parseOnnxModel(bytes);
  } catch (cause) {
    const message = `Expected ${file} to be an ONNX model: ${messageOf(cause)}. Download or export it again.`;
    throw new RefineError('WEIGHTS_HEADER_INVALID', message, { context: { file }, cause });
  }
};

/** Names as in optimum's export for image classification, or other names if there is only one input. */
const inputAndOutput = (
  { inputs, outputs }: Pick<ReturnType<typeof parseOnnxModel>, 'inputs' | 'outputs'>,
  file: string,
): { input: string; output: string } => {
  const [input, ...others] = inputs.keys();
  const output = outputs.includes('logits') ? 'logits' : outputs[0];
  if (input !== undefined && output !== undefined && others.length === 0) return { input, output };
  throw new RefineError(
    'MODEL_CONFIG_UNSUPPORTED',
    `Expected an image classifier with input pixel_values and output logits, found inputs ${showNames([...inputs.keys()])} and outputs ${showNames(outputs)} in ${file}. Choose another model.`,
    { context: { file } },
  );
};

/** [1, 3, height, width], f32, scaled and normalized by the preprocessor's configuration. */
const toInput = ({ data, width, height }: Pixels, { scale, mean, deviation }: ClassifierFiles): Tensor => {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let index = 0; index < values.length; index++) {
    const channel = Math.floor(index / plane);
    const colour = data[(index % plane) * 3 + channel] ?? 0;
    values[index] = (colour * scale - (mean[channel] ?? 0)) / (deviation[channel] ?? 1);
  }
  return tensor(values, [1, 3, height, width]);
};

/** Probabilities of the labels. @throws CONTENT_SAFETY_UNAVAILABLE if logits are missing or not finite */
const probabilities = (logits: Tensor | undefined, { labels, isExclusive, network }: ClassifierFiles): number[] => {
  const values = Array.from(logits?.data ?? []);
  if (values.length !== labels.length || !values.every(Number.isFinite)) {
    throw new RefineError(
      'CONTENT_SAFETY_UNAVAILABLE',
      `Expected ${labels.length} finite logits from ${network}, one for each label of config.json, got ${values.length}, or NaN or Inf. Use the files of one model.`,
    );
  }
  if (!isExclusive) return values.map((value) => 1 / (1 + Math.exp(-value)));
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
};
