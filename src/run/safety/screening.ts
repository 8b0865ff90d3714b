/** Screens a row: prompt and input picture before the engine runs, the output after it. */
import { isRefineError, RefineError } from '../../errors.js';
import type { Row } from '../../records/row.js';
import type { SafetyCheck, SafetyService } from '../../records/result.js';
import type { Screener, Verdict } from './screener.js';

export interface Screening {
  /** null without screening. */
  readonly service: SafetyService | null;
  /** Differs if anything that decides the verdicts differs; '' without screening. */
  readonly identity: string;
  /** Rows that may wait for their verdicts while the engine works on another. */
  readonly depth: number;
  /** @returns warnings for the user @throws CONTENT_SAFETY_*, SESSION_CREATE */
  open: (signal: AbortSignal) => Promise<readonly string[]>;
  /** @param picture encoded source; null if there is none @throws CONTENT_SAFETY_UNAVAILABLE CONTENT_SAFETY_SETUP */
  before: (row: Row, picture: Uint8Array | null, signal: AbortSignal) => Promise<readonly SafetyCheck[]>;
  /** @param picture encoded result @throws CONTENT_SAFETY_UNAVAILABLE CONTENT_SAFETY_SETUP */
  after: (row: Row, picture: Uint8Array, signal: AbortSignal) => Promise<readonly SafetyCheck[]>;
  close: () => Promise<void>;
}

export const NO_SCREENING: Screening = {
  service: null,
  identity: '',
  depth: 0,
  open: () => Promise.resolve([]),
  before: () => Promise.resolve([]),
  after: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** Treatment of a row that could not be screened: `closed` fails it, `open` lets it pass and records that. */
export type FailMode = 'closed' | 'open';

export const isBlocked = (checks: readonly SafetyCheck[]): boolean =>
  checks.some(({ verdict }) => verdict === 'blocked');

/** Whether a result is NSFW; null if not everything was screened. */
export const nsfwOf = (checks: readonly SafetyCheck[]): boolean | null => {
  if (isBlocked(checks)) return true;
  return checks.length === 0 || checks.some(({ verdict }) => verdict === 'unscreened') ? null : false;
};

export const createScreening = (screener: Screener, failMode: FailMode): Screening => {
  const { service, identity, depth, screenText } = screener;

  const check = async (of: SafetyCheck['of'], screen: () => Promise<Verdict>): Promise<SafetyCheck> => {
    try {
      const { isBlocked: blocks, categories, blocklists } = await screen();
      return { of, verdict: blocks ? 'blocked' : 'clean', categories, blocklists };
    } catch (thrown) {
      if (failMode === 'closed' || !isUnavailable(thrown)) throw thrown;
      return { of, verdict: 'unscreened', categories: [], blocklists: [] };
    }
  };

  return {
    service,
    identity: JSON.stringify([service, identity, failMode]),
    depth,
    async open(signal) {
      try {
        await screener.open(signal);
        return [];
      } catch (thrown) {
        if (failMode === 'closed' || !isUnavailable(thrown)) throw thrown;
        return [`${thrown.message} Until then, rows pass unscreened (--safety-fail open).`];
      }
    },
    before(row, picture, signal) {
      if (row.encoding === null && failMode === 'closed') return Promise.reject(latentsUnscreened());
      const checks: Promise<SafetyCheck>[] = [];
      if (screenText !== null)
        checks.push(check('prompt', async () => worst(await screenTexts(row, screenText, signal))));
      if (picture !== null) checks.push(check('input', () => screener.screenPicture(picture, signal)));
      return Promise.all(checks);
    },
    async after(row, picture, signal) {
      return [
        await check('output', () =>
          row.encoding === null ? Promise.reject(latentsUnscreened()) : screener.screenPicture(picture, signal),
        ),
      ];
    },
    close: () => screener.close(),
  };
};

/**
 * The prompt, and the refiner's if it differs. Not the negative prompt: it names what the picture should not show, and
 * the usual ones would block harmless rows.
 */
const screenTexts = (
  { settings, generation }: Row,
  screenText: NonNullable<Screener['screenText']>,
  signal: AbortSignal,
): Promise<Verdict[]> => {
  const texts = new Set([settings.prompt, generation?.refiner?.prompt ?? settings.prompt]);
  return Promise.all([...texts].map((text) => screenText(text, signal)));
};

/** Merges verdicts: the highest severity of each category. */
export const worst = (verdicts: readonly Verdict[]): Verdict => {
  const severities = new Map<string, number>();
  for (const { category, severity } of verdicts.flatMap(({ categories }) => categories)) {
    severities.set(category, Math.max(severity, severities.get(category) ?? 0));
  }
  return {
    isBlocked: verdicts.some((verdict) => verdict.isBlocked),
    categories: [...severities].map(([category, severity]) => ({ category, severity })),
    blocklists: [...new Set(verdicts.flatMap(({ blocklists }) => blocklists))],
  };
};

const isUnavailable = (thrown: unknown): thrown is RefineError =>
  isRefineError(thrown) && thrown.code === 'CONTENT_SAFETY_UNAVAILABLE';

const latentsUnscreened = (): RefineError =>
  new RefineError(
    'CONTENT_SAFETY_UNAVAILABLE',
    'Expected an output that content safety can screen, got latents. Give the row an output with a picture’s extension.',
  );
