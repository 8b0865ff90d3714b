/** The summary of a run as a step of a CI job shows it: Markdown, appended to the file that GITHUB_STEP_SUMMARY names. */
import { cutText } from '../../../io/json/json-text.js';
import { appendFile } from 'node:fs/promises';
import { messageOf } from '../../../errors.js';
import type { ResultRecord } from '../../../records/result.js';
import { addToSummary, emptySummary, type Summary } from '../../../run/results/summary.js';
import type { Verb } from '../commands/batch-run.js';
import type { Setting } from '../config/config.js';
import type { ResultLine, RunEnd } from './print-results.js';
import type { ProcessContext } from '../process-context.js';
import type { Terminal } from './terminal.js';
import { timeText } from './time-text.js';

export interface StepSummary {
  take: (line: ResultLine) => void;
  /**
   * Appends what came. A file that cannot be written is warned of: a summary is no reason to fail a run.
   * @param stoppedBy what ended the run, when it did not come to its end
   */
  write: (stoppedBy: string | null) => Promise<void>;
}

/** So many failures are read; the rest is in results.jsonl. */
const MAX_FAILURES = 20;

/** Longest text of a cell, so that a summary stays far below GitHub's 1 MiB whatever prompts hold. */
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
    take: (line) => {
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
  /** The first of them. */
  failures: readonly ResultRecord[];
  /** null: the run did not come to its end. */
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
      `### sdxl-refine, dry run: ${rows - failed} of ${rows} rows would run`,
      table(['would run', 'failed', 'UNet calls'], [[rows - failed, failed, end.unet_calls]]),
    ];
  }
  const [title, untried, time] =
    end === null
      ? [`stopped after ${rows} ${rows === 1 ? 'row' : 'rows'}`, '', '']
      : [endText(end, ok, verb), end.total - rows, timeText(end.duration_ms)];
  return [
    `### sdxl-refine: ${title}`,
    table(['ok', 'failed', 'blocked', 'skipped', 'not tried', 'time'], [[ok, failed, blocked, skipped, untried, time]]),
  ];
};

/** What an earlier run did is not told as this one's. */
const endText = (end: Extract<RunEnd, { refined: number }>, ok: number, verb: Verb): string =>
  end.taken_over === 0
    ? `${ok} of ${end.total} rows ${verb}`
    : `${end.refined} ${verb}, ${ok - end.refined} already done (${end.total} rows)`;

const failureParts = ({ summary, failures }: SummaryParts): string[] => {
  if (failures.length === 0) return [];
  const reasons = Object.entries(summary.errors);
  const count = reasons.reduce((sum, [, times]) => sum + times, 0);
  return [
    `Failures: ${reasons.map(([code, times]) => `\`${code}\` ${times}`).join(', ')}${count > failures.length ? `; the first ${failures.length}:` : ''}`,
    table(
      ['input', 'row', 'picture', 'error', 'message'],
      failures.map((row) => [
        row.input_csv_name,
        row.row_number_per_file,
        row.image ?? '',
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

/** Text of rows and of messages as it is: on one line, short, and no Markdown, HTML or mathematics. */
const escape = (text: string): string => {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const short = line.length > MAX_TEXT ? `${cutText(line, MAX_TEXT)}…` : line;
  return short.replaceAll(/[\\`*_[\]{}<>()#|~$&!@:]/g, '\\$&');
};
