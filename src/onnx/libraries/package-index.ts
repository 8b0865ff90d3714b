/** Where a wheel is: a Python package index, asked by the Simple repository API (PEP 691's JSON, or PEP 503's pages). */
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { parseJson } from '../../io/json/parse-json.js';
import { readAnswer } from '../../io/net/read-answer.js';
import { sendRequest, type Failed } from '../../io/net/send-request.js';
import { redactUrl, splitCredentials } from '../../io/net/shown-url.js';
import type { Wheel } from './cuda-wheels.js';

export interface PackageIndex {
  /** Without credentials, and without a slash at its end. */
  url: string;
  /** For the index's own host; null: none. */
  authorization: string | null;
}

export const PUBLIC_INDEX = 'https://pypi.org/simple';

interface Asking {
  signal: AbortSignal;
  failed: Failed;
}

/** @param source where the address stands, in messages: `--index-url` @throws USAGE_OPTION_INVALID for what is no address */
export const parseIndex = (text: string, source: string): PackageIndex => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    /* It may hold a password: it is not shown. */
    const message = `Expected ${source} to be the address of a package index, such as ${PUBLIC_INDEX} (http or https). Correct it.`;
    throw new RefineError('USAGE_OPTION_INVALID', message);
  }
  return splitCredentials(url);
};

/** @returns the wheel's address @throws what `failed` makes, the signal's reason */
export const findWheel = async (index: PackageIndex, wheel: Wheel, asking: Asking): Promise<string> => {
  const page = `${index.url}/${wheel.project}/`;
  const response = await askIndex(index, page, { ...asking, accept: ACCEPT });
  const answer = await readAnswer(response, MAX_PAGE_BYTES);
  if (answer === null) throw asking.failed(`The answer of ${page} is longer than any list of files.`);
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const files = isJson ? listedInJson(answer, page, asking.failed) : listedInPage(answer.toString('utf8'));
  const url = files.get(wheel.file);
  const base = response.url === '' ? page : response.url;
  if (url !== undefined && URL.canParse(url, base)) return new URL(url, base).href;
  throw asking.failed(`${page} does not list ${wheel.file}. Check --index-url or PIP_INDEX_URL.`);
};

/** @throws what `failed` makes where the status is no success, the signal's reason */
export const askIndex = async (
  index: PackageIndex,
  url: string,
  { signal, failed, from = 0, accept }: Asking & { from?: number; accept?: string },
): Promise<Response> => {
  const isOwn = new URL(url).origin === new URL(index.url).origin;
  const headers = {
    ...(accept === undefined ? {} : { accept }),
    ...(isOwn && index.authorization !== null ? { authorization: index.authorization } : {}),
  };
  const response = await sendRequest(url, { signal, from, headers, failed });
  if (response.ok) return response;
  await response.body?.cancel();
  const said = `HTTP ${response.status} ${response.statusText}`.trim();
  throw failed(`${redactUrl(url)} was refused: ${said}. Check --index-url or PIP_INDEX_URL, or try again later.`);
};

const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';
/** The page of a project with thousands of files has some MB. */
const MAX_PAGE_BYTES = 32 * 2 ** 20;
const JSON_LIMITS = { maxDepth: 32, maxTokens: 2_000_000 };

const pageSchema = z.object({ files: z.array(z.object({ filename: z.string(), url: z.string() })) });

const listedInJson = (answer: Buffer, page: string, failed: Failed): Map<string, string> => {
  const invalid = (what: string, cause?: unknown): Error =>
    failed(`The answer of ${page} ${what}. Check --index-url or PIP_INDEX_URL.`, cause);
  const { data } = pageSchema.safeParse(parseJson(answer, JSON_LIMITS, invalid));
  if (data === undefined) throw invalid('is no list of files');
  return new Map(data.files.map(({ filename, url }) => [filename, url]));
};

/** A link's text is the file's name (PEP 503). */
const LINK = /<a\b([^<>]*)>([^<]*)<\/a>/gi;
const TARGET = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i;

const listedInPage = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(LINK)].flatMap(([, attributes = '', name = '']) => {
      const [, double, single] = TARGET.exec(attributes) ?? [];
      const target = double ?? single;
      return target === undefined ? [] : [[name.trim(), target.replaceAll('&amp;', '&')] as const];
    }),
  );
