/** The summary of a run for a step of a CI job: Markdown, appended to the file that GITHUB_STEP_SUMMARY names. */
import { hideUriSecrets } from '../../../records/uri-secrets.js';
import { cutText } from '../../../io/json/json-text.js';
import { appendFile } from 'node:fs/promises';
import { messageOf } from '../../../errors.js';
import type { ResultRecord } from '../../../records/result.js';
import { addToSummary, emptySummary, type Summary } from '../../../run/results/summary.js';
import type { Verb } from '../commands/run-kind.js';
import type { Setting } from '../config/config.js';
import type { ResultLine, RunEnd } from './print-results.js';
import type { ProcessContext } from '../process-context.js';
import type { Terminal } from './terminal.js';
import { count } from './summary-text.js';
import { timeText } from './time-text.js';

export interface StepSummary {
  add: (line: ResultLine) => void;
  /**
   * Appends the summary of the added lines. Only warns if the file cannot be written: a summary must not fail a run.
   * @param stoppedBy message of the error that ended the run; null: the run finished
   */
  write: (stoppedBy: string | null) => Promise<void>;
}

/** Failures shown; results.jsonl has all. */
const MAX_FAILURES = 20;

/** Longest text of a cell, in characters; a summary stays far below GitHub's limit of 1 MiB. */
const MAX_TEXT = 300;

export const createStepSummary = (
  { env, stderr }: Pick<ProcessContext, 'env'> & { stderr: Pick<Terminal, 'write'> },
  settings: Readonly<Record<string, Setting>>,
  verb: Verb,
): StepSummary => {
  const path = env['GITHUB_STEP_SUMMARY'] ?? '';
  const failures: ResultRecord[] = [];
  let summary = emptySummary();
  let end: RunEnd | null = null;
  return {
    add: (line) => {
      if ('summary' in line) {
        end = line.summary;
        return;
      }
      summary = addToSummary(summary, line);
      if (line.error !== null && failures.length < MAX_FAILURES) failures.push(line);
    },
    write: async (stoppedBy) => {
      if (path === '') return;
      try {
        await appendFile(path, summaryMarkdown({ summary, failures, end, stoppedBy, verb }, settings));
      } catch (error) {
        stderr.write(`sdxl-refine: the summary was not written to GITHUB_STEP_SUMMARY: ${messageOf(error)}\n`);
      }
    },
  };
};

interface SummaryParts {
  summary: Summary;
  /** The first `MAX_FAILURES`. */
  failures: readonly ResultRecord[];
  /** null: the run did not finish. */
  end: RunEnd | null;
  stoppedBy: string | null;
  verb: Verb;
}

const summaryMarkdown = (parts: SummaryParts, settings: Readonly<Record<string, Setting>>): string => {
  const { stoppedBy } = parts;
  const given = Object.entries(settings).filter(([, { source }]) => source !== 'default');
  return [
    ...countParts(parts),
    ...(stoppedBy === null ? [] : [escape(stoppedBy)]),
    ...failureParts(parts),
    ...(given.length === 0
      ? []
      : [
          '<details><summary>Settings; the rest are defaults</summary>',
          table(
            ['setting', 'value', 'from'],
            given.map(([name, { value, source }]) => [name, JSON.stringify(value), source]),
          ),
          '</details>',
        ]),
    '',
  ].join('\n\n');
};

const countParts = ({ summary, end, verb }: SummaryParts): string[] => {
  const { rows, ok, failed, blocked, skipped } = summary;
  if (end !== null && 'unet_calls' in end) {
    return [
      `### sdxl-refine, dry run: ${rows - failed} of ${count(rows, 'row')} would run`,
      table(['would run', 'failed', 'UNet calls'], [[rows - failed, failed, end.unet_calls]]),
    ];
  }
  const [title, untried, time] =
    end === null
      ? [`stopped after ${count(rows, 'row')}`, '', '']
      : [endText(end, ok, verb), end.total - rows, timeText(end.duration_ms)];
  return [
    `### sdxl-refine: ${title}`,
    table(['ok', 'failed', 'blocked', 'skipped', 'not tried', 'time'], [[ok, failed, blocked, skipped, untried, time]]),
  ];
};

/** Counts rows of an earlier run apart from those of this run. */
const endText = (end: Extract<RunEnd, { refined: number }>, ok: number, verb: Verb): string =>
  end.taken_over === 0
    ? `${ok} of ${count(end.total, 'row')} ${verb}`
    : `${end.refined} ${verb}, ${ok - end.refined} already done (${count(end.total, 'row')})`;

const failureParts = ({ summary, failures }: SummaryParts): string[] => {
  if (failures.length === 0) return [];
  const reasons = Object.entries(summary.errors);
  const all = reasons.reduce((sum, [, times]) => sum + times, 0);
  return [
    `Failures: ${reasons.map(([code, times]) => `\`${code}\` ${times}`).join(', ')}${all > failures.length ? `; the first ${failures.length}:` : ''}`,
    table(
      ['input', 'row', 'picture', 'error', 'message'],
      failures.map((row) => [
        row.input_csv_name,
        row.row_number_per_file,
        hideUriSecrets(row.image ?? ''),
        row.error?.code ?? '',
        row.error?.message ?? '',
      ]),
    ),
  ];
};

const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [
    header,
    header.map(() => '---'),
    ...rows.map((cells) => cells.map((cell) => (typeof cell === 'number' ? String(cell) : escape(cell)))),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/** Text on one line, shortened, with Markdown, HTML and mathematics escaped. */
const escape = (text: string): string => {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const short = line.length > MAX_TEXT ? `${cutText(line, MAX_TEXT)}…` : line;
  return short.replaceAll(/[\\`*_[\]{}<>()#|~$&!@:]/g, '\\$&');
};
