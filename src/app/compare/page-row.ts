/** One row as the page shows it. */
import { basename, isAbsolute } from 'node:path';
import { jsonText } from '../../io/json/json-text.js';
import type { ResultRecord, ResultStatus } from '../../records/result.js';

/** One of the two pictures: embedded in the page, linked as a file, or missing for a reason. */
export type PageSide = { kind: 'embedded' } | { kind: 'linked'; url: string } | { kind: 'missing'; note: string };

export interface PageRow {
  name: string;
  status: ResultStatus;
  prompt: string;
  negativePrompt: string;
  /** Settings, names and sizes as label and value, in the order shown. */
  details: [label: string, value: string][];
  error: string | null;
  /** Pixels of the output, or of the input where there is no output; 0 where there is neither. */
  width: number;
  height: number;
  before: PageSide;
  after: PageSide;
}

export interface PictureSize {
  width: number;
  height: number;
}

/** @param pictures the row's two pictures, and the size of the output, else of the input */
export const pageRow = (
  record: ResultRecord,
  pictures: { before: PageSide; after: PageSide; size: PictureSize | null },
): PageRow => {
  const { before, after, size } = pictures;
  return {
    name: nameOf(record),
    status: record.status,
    prompt: record.prompt ?? '',
    negativePrompt: record.negative_prompt ?? '',
    details: detailsOf(record, size),
    error: record.error === null ? null : `${record.error.code}: ${record.error.message}`,
    width: size?.width ?? 0,
    height: size?.height ?? 0,
    before,
    after,
  };
};

/** The row's name: its id, else its output, else its input, else its number. */
export const nameOf = (record: ResultRecord): string =>
  record.id ?? record.image_file_name ?? shownInput(record.image) ?? `row ${record.row_number_per_file}`;

/** "15 of 50": steps run of the schedule, as far as they are known. */
export const stepsText = ({ steps, steps_run: run }: Pick<ResultRecord, 'steps' | 'steps_run'>): string | null => {
  if (steps === null) return null;
  return run === null ? String(steps) : `${run} of ${steps}`;
};

const detailsOf = (record: ResultRecord, size: PictureSize | null): PageRow['details'] => {
  const details: [string, string | number | null][] = [
    ['strength', record.strength],
    ['steps', stepsText(record)],
    ['guidance', record.guidance_scale],
    ['seed', record.seed],
    ['scheduler', record.scheduler],
    ['size', size === null ? null : `${size.width} × ${size.height}`],
    ['time', record.duration_ms === null ? null : `${(record.duration_ms / 1000).toFixed(1)} s`],
    ['model', shownModel(record.model)],
    ['device', `${record.device}, ${record.precision}`],
    ['id', record.id],
    ['input', shownInput(record.image)],
    ['output', record.image_file_name],
    ['row', `${record.row_number_per_file} of ${record.input_csv_name}`],
    ...Object.entries(record.extra).map(([key, value]): [string, string] => [key, shownExtra(value)]),
  ];
  return details.flatMap(([label, value]) => (value === null || value === '' ? [] : [[label, String(value)]]));
};

const shownExtra = (value: unknown): string => (typeof value === 'string' ? value : jsonText(value));

/** The model without its folder: people share pages, and paths of this machine are private. */
export const shownModel = (model: string): string => (isAbsolute(model) ? basename(model) : model);

/** The input without the query and password of a URL, which often grant access: people share pages. */
const shownInput = (image: string | null): string | null =>
  image === null || !/^https?:\/\//i.test(image) ? image : image.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
