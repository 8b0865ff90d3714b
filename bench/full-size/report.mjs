/** Figures as tables in Markdown, for docs/performance.md. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { describeGpus } from './device-memory.mjs';

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const digits = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const spanIn = (values, unit) =>
  values.length === 1
    ? `${digits(values[0])}${unit}`
    : `${digits(median(values))}${unit} (${digits(Math.min(...values))}–${digits(Math.max(...values))})`;

/** @param values seconds */
export const span = (values) =>
  median(values) < 1
    ? spanIn(
        values.map((value) => 1000 * value),
        ' ms',
      )
    : spanIn(values, ' s');

/** @param values seconds for a picture */
export const rate = (values) =>
  spanIn(
    values.map((value) => 60 / value),
    '/min',
  );

/**
 * @param results [{ measure, ours, peers, write }]: entries { name, values, error } of one block, without values where none is found yet
 * @returns lines
 */
export const timeTable = (results) => [
  '| measure | against | ours | peer | peer / ours |',
  '|---|---|---|---|---|',
  ...results.flatMap(({ measure, ours, peers, write }) => {
    const cell = (entry) => entry?.error ?? (hasValues(entry) ? write(entry.values) : '–');
    const named = (own) => (own === null ? '–' : `${own.name}: ${cell(own)}`);
    return pairs(ours, peers).map(
      ([own, peer]) => `| ${measure} | ${peer?.name ?? '–'} | ${named(own)} | ${cell(peer)} | ${ratio(own, peer)} |`,
    );
  }),
];

const pairs = (ours, peers) =>
  (peers.length === 0 ? [null] : peers).flatMap((peer) =>
    (ours.length === 0 ? [null] : ours).map((own) => [own, peer]),
  );

/** Of times, also where a rate is written. */
const ratio = (own, peer) => {
  const isKnown = [own, peer].every((entry) => hasValues(entry) && entry.error === undefined);
  return isKnown ? `${(median(peer.values) / median(own.values)).toFixed(2)}×` : '–';
};

/** @param results as for `timeTable`; entries that ran have `memory` { resident, private, device } in GB; device: null where unknown */
export const memoryTable = (results) => [
  '| measure | program | most resident | of it private | most on the GPU |',
  '|---|---|---|---|---|',
  ...results.flatMap(({ measure, ours, peers }) =>
    [...ours, ...peers].filter(ranWhole).map(({ name, memory: { resident, private: own, device } }) => {
      return `| ${measure} | ${name} | ${gigabytes(resident)} | ${gigabytes(own)} | ${gigabytes(device)} |`;
    }),
  ),
];

const hasValues = (entry) => entry !== null && entry.values.length > 0;
const ranWhole = ({ error, memory }) => error === undefined && memory !== undefined;

const gigabytes = (value) => (value === null ? '–' : `${value.toFixed(1)} GB`);

/** @param profile { ms, operators: [{ operator, provider, count, ms }] } */
export const profileTable = (title, { ms, operators }) => [
  `| ${title}: ${ms.toFixed(1)} ms | on | runs | ms | share |`,
  '|---|---|---|---|---|',
  ...operators.map(
    ({ operator, provider, count, ms: own }) =>
      `| ${operator} | ${provider} | ${count} | ${own.toFixed(2)} | ${((100 * own) / ms).toFixed(1)} % |`,
  ),
];

/** @param contestants those that said what they are */
export const machineLine = (contestants) => {
  const [{ model }] = cpus();
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const gpus = describeGpus();
  const versions = contestants.flatMap(({ name, versions }) => (versions === '' ? [] : [`${name}: ${versions}`]));
  return [
    `${cpus().length} cores of ${model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GB; ${gpus === null ? '' : `${gpus}; `}sdxl-refine ${own.version} on`,
    `${[`onnxruntime-node ${own.dependencies['onnxruntime-common']}, Node ${process.versions.node}`, ...versions].join('; ')}.`,
    'Medians, least and most in brackets.',
  ].join(' ');
};
