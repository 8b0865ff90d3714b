/** Azure AI Content Safety, REST API 2024-09-01: https://learn.microsoft.com/azure/ai-services/content-safety/ */
import { z } from 'zod';
import { isRefineError, RefineError } from '../../errors.js';
import { Turns } from '../../io/system/turns.js';
import { encodeSafetyCopy } from '../../media/image/safety-copy.js';
import { requestWithRetry, type RequestOptions } from './request-with-retry.js';
import type { Authorize } from './azure-identity.js';
import { blockAtText, normalizeCategory, type BlockAt, type Scale } from './block-at.js';
import type { Screener, Verdict } from './screener.js';
import { worst } from './screening.js';
import { splitText } from './split-text.js';

export interface AzureOptions {
  /** The resource's: `https://<name>.cognitiveservices.azure.com`. */
  endpoint: URL;
  authorize: Authorize;
  blockAt: BlockAt;
  blocklists: readonly string[];
  retry?: Pick<RequestOptions, 'tries' | 'timeoutMs' | 'firstPauseMs'>;
}

const API_VERSION = '2024-09-01';
const NAME = 'Azure AI Content Safety';
/** Requests at a time. The service allows 1000 in 10 s; so many are enough for an engine. */
const AT_A_TIME = 8;
/** Rows that wait for verdicts beside the one in the engine: a verdict takes longer than a small model's picture. */
const ROWS_AHEAD = 4;
const LONGEST_QUOTE = 300;

/** Texts and pictures have severities 0, 2, 4 and 6 ("FourSeverityLevels"). */
export const AZURE_SCALE: Scale = {
  categories: ['hate', 'selfharm', 'sexual', 'violence'],
  usual: 2,
  isValid: (severity) => Number.isInteger(severity) && severity >= 1 && severity <= 7,
  expected:
    'a severity from 1 to 7, or severities by category (hate, self-harm, sexual, violence) such as sexual=4,violence=2',
};

/** `severity` is optional in the service's types; absent, it is 0. */
const answerSchema = z.object({
  categoriesAnalysis: z.array(z.object({ category: z.string(), severity: z.number().default(0) })).default([]),
  blocklistsMatch: z.array(z.object({ blocklistName: z.string() })).nullish(),
});

export const azureScreener = ({ endpoint, authorize, blockAt, blocklists, retry = {} }: AzureOptions): Screener => {
  const requests = new Turns(() => AT_A_TIME);

  const analyze = async (what: 'text' | 'image', body: object, signal: AbortSignal): Promise<Verdict> => {
    const url = new URL(`${endpoint.href.replace(/\/+$/, '')}/contentsafety/${what}:analyze`);
    url.searchParams.set('api-version', API_VERSION);
    const options = { ...retry, signal, name: NAME };
    const identity = await authorize(options);
    const headers = { 'content-type': 'application/json', ...identity };
    const init = { method: 'POST', headers, body: JSON.stringify({ ...body, outputType: 'FourSeverityLevels' }) };
    const answer = await requestWithRetry(url, init, options);
    if (answer.status === 200) return verdictOf(answer.body);
    throw refused(answer.status, redact(whyOf(answer.body), Object.values(identity)));
  };

  const verdictOf = (body: string): Verdict => {
    const parsed = answerSchema.safeParse(parseJson(body));
    const matches = parsed.data?.blocklistsMatch ?? [];
    const categories = parsed.data?.categoriesAnalysis ?? [];
    /* An analysis that stopped at a blocklist has no categories; any other lists all of them. */
    if (categories.length === 0 && matches.length === 0) throw unreadable();
    const isOver = ({ category, severity }: Verdict['categories'][number]): boolean =>
      severity >= (blockAt.each.get(normalizeCategory(category)) ?? blockAt.all);
    return {
      isBlocked: matches.length > 0 || categories.some(isOver),
      categories,
      blocklists: [...new Set(matches.map(({ blocklistName }) => blocklistName))],
    };
  };

  const screenText = async (text: string, signal: AbortSignal): Promise<Verdict> => {
    const lists = blocklists.length === 0 ? {} : { blocklistNames: blocklists };
    const pieces = splitText(text).map((piece) =>
      requests.take(() => analyze('text', { text: piece, ...lists }, signal)),
    );
    return worst(await Promise.all(pieces));
  };

  return {
    service: 'azure',
    identity: JSON.stringify([endpoint.origin, API_VERSION, blockAtText(blockAt), [...blocklists].sort()]),
    depth: ROWS_AHEAD,
    /* A harmless text checks address, key and blocklists before the run. */
    async open(signal) {
      try {
        await screenText('a picture of a cat', signal);
      } catch (thrown) {
        if (!isRefineError(thrown) || thrown.context['status'] !== 400) throw thrown;
        throw new RefineError('CONTENT_SAFETY_SETUP', thrown.message, { cause: thrown });
      }
    },
    screenText,
    screenPicture: (picture, signal) =>
      requests.take(async () => {
        const content = Buffer.from(await encodeSafetyCopy(picture)).toString('base64');
        return analyze('image', { image: { content } }, signal);
      }),
    close: () => Promise.resolve(),
  };
};

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'Check CONTENT_SAFETY_KEY, and that CONTENT_SAFETY_ENDPOINT is of the same resource.',
  403: 'Give the identity the role Cognitive Services User, or check the resource’s network rules.',
  404: 'Check CONTENT_SAFETY_ENDPOINT, and that the blocklists exist.',
};

/** Status 400 concerns one row's content; other statuses would be the same for every row. */
const refused = (status: number, why: string): RefineError => {
  const message = `${NAME} refused: HTTP ${status}${why === '' ? '' : `, ${why}`}.`;
  const context = { status };
  if (status === 400) return new RefineError('CONTENT_SAFETY_UNAVAILABLE', message, { context });
  const mend = REMEDIES[status] ?? 'Check CONTENT_SAFETY_ENDPOINT.';
  return new RefineError('CONTENT_SAFETY_SETUP', `${message} ${mend}`, { context });
};

const unreadable = (): RefineError =>
  new RefineError(
    'CONTENT_SAFETY_UNAVAILABLE',
    `Expected an analysis of ${NAME}, got another response. Check CONTENT_SAFETY_ENDPOINT.`,
  );

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

const whyOf = (body: string): string => {
  const { error } = Object(parseJson(body)) as { error?: { code?: unknown; message?: unknown } };
  return [error?.code, error?.message]
    .filter((text) => typeof text === 'string')
    .join(': ')
    .slice(0, LONGEST_QUOTE);
};

/** Hides secrets: a gateway's error may quote the request. */
const redact = (text: string, secrets: readonly string[]): string =>
  secrets
    .flatMap((secret) => [secret, secret.replace(/^Bearer /, '')])
    .reduce((hidden, secret) => hidden.replaceAll(secret, '…'), text);
