/** Writes the tables of docs/schedulers.md: other programs' names and their schedulers here. */
import type { ConfigValues } from '../config-fields.js';
import { type Sampler, SAMPLERS, type Spacing, SPACINGS } from './sampler-table.js';
import { WITHOUT_EQUIVALENT } from './without-equivalent.js';

const BEGIN = '<!-- tables of names: written by scripts/make-docs.mjs -->';
const END = '<!-- end of the tables of names -->';

const code = (text: string): string => `\`${text}\``;
const codes = (names: readonly (string | null)[]): string =>
  names
    .filter((name) => name !== null)
    .map(code)
    .join(', ') || '–';
const keys = (values: ConfigValues): string =>
  Object.entries(values)
    .map(([key, value]) => `${code(key)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

const samplerRow = ({ a1111, comfy, also, scheduler, values, takes, plain, automatic, differs }: Sampler): string[] => {
  const spacing = { all: 'all', timesteps: 'timesteps', rules: 'sigmas', none: '–' }[takes];
  const plainName = SPACINGS.find(({ comfy: key }) => key === plain)?.a1111 ?? '–';
  const automaticName = SPACINGS.find(({ comfy: key }) => key === automatic)?.a1111 ?? '–';
  const means = plain === automatic ? plainName : `${plainName}; Automatic: ${automaticName}`;
  const set = keys(values);
  return [
    codes([a1111]),
    codes([comfy, ...also]),
    set === '' ? code(scheduler) : `${code(scheduler)}, ${set}`,
    spacing,
    means,
    differs ?? '',
  ];
};

const spacingRow = ({ a1111, comfy, also, timesteps, rule, differs }: Spacing): string[] => [
  codes([a1111, ...also]),
  code(comfy),
  rule === null ? 'timesteps' : 'sigmas',
  `${code('timestep_spacing')} ${timesteps}${rule === null ? '' : `, ${code(`use_${rule}_sigmas`)}`}`,
  differs ?? '',
];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const tables = [
  table(
    ['A1111, Forge', 'ComfyUI and others', 'here', 'noise levels', 'default', 'difference'],
    SAMPLERS.map(samplerRow),
  ),
  table(['A1111, Forge', 'ComfyUI', 'places', 'here', 'difference'], SPACINGS.map(spacingRow)),
  `No equivalent: the samplers ${codes(WITHOUT_EQUIVALENT.samplers)}, and the noise levels ${codes(WITHOUT_EQUIVALENT.spacings)}.`,
].join('\n\n');

/** The page with its tables updated. */
export const schedulersDoc = (page: string): string => {
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`;
};
