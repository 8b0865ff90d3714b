/** Figures as tables in Markdown, for docs/performance.md. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const seconds = (value) => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
const span = (values) =>
  values.length === 1
    ? `${seconds(values[0])} s`
    : `${seconds(median(values))} s (${seconds(Math.min(...values))}–${seconds(Math.max(...values))})`;

/** @param results [{ measure, name, isOurs, values, error }]: one entry a contestant in each block @returns lines */
export const timeTable = (results) => {
  const lines = ['| measure | against | ours | peer | peer / ours |', '|---|---|---|---|---|'];
  for (const { measure, ours, peer } of results) {
    const named = peer?.name ?? '–';
    for (const own of ours) {
      const ownText = own.error ?? span(own.values);
      const peerText = peer === null ? '–' : (peer.error ?? span(peer.values));
      const known = peer !== null && !own.error && !peer.error;
      const ratio = known ? `${(median(peer.values) / median(own.values)).toFixed(2)}×` : '–';
      lines.push(`| ${measure} | ${named} | ${own.name}: ${ownText} | ${peerText} | ${ratio} |`);
    }
  }
  return lines;
};

/** @param memories [{ measure, name, resident, private }] in GB */
export const memoryTable = (memories) => [
  '| measure | program | most resident | of it private |',
  '|---|---|---|---|',
  ...memories.map(
    ({ measure, name, resident, private: own }) =>
      `| ${measure} | ${name} | ${resident.toFixed(1)} GB | ${own.toFixed(1)} GB |`,
  ),
];

/** @param contestants those that said what they are */
export const machineLine = (contestants) => {
  const [{ model }] = cpus();
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const versions = contestants.flatMap(({ name, versions }) => (versions === '' ? [] : [`${name}: ${versions}`]));
  return [
    `${cpus().length} cores of ${model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GB; sdxl-refine ${own.version} on`,
    `${[`onnxruntime-node ${own.dependencies['onnxruntime-common']}, Node ${process.versions.node}`, ...versions].join('; ')}.`,
    'Medians, least and most in brackets.',
  ].join(' ');
};
