/** Lists the files of a hub repository at a revision. */
import { z } from 'zod';
import { parseJson } from '../../io/json/parse-json.js';
import { readAnswer } from '../../io/net/read-answer.js';
import { askHub, failed, type AskOptions } from './ask-hub.js';
import type { HubSettings } from './hub-settings.js';
import type { ModelId } from './model-id.js';

export interface RemoteFile {
  /** Path in the repository, `/`-separated. */
  path: string;
  size: number;
  /** SHA-256 of a large file, else git's SHA-1 of the blob. The file's name in the cache. */
  digest: string;
}

export interface Repository {
  id: string;
  /** The requested branch, tag or commit. */
  revision: string;
  /** 40 hexadecimal digits. */
  commit: string;
  files: readonly RemoteFile[];
}

const commitSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
/** A path that stays inside its folder on every system. Other paths do not occur in models. */
const SAFE_PATH = /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0:]+(?<!\/)$/s;
const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.int().min(0).default(0),
    oid: z.string().regex(/^[0-9a-f]{40}$/),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).optional(),
  }),
);
/** More pages than a model has files. */
const MAX_PAGES = 20;
const MAX_ANSWER_BYTES = 16 * 2 ** 20;
/** A page lists 1000 files of some 20 tokens. */
const ANSWER_LIMITS = { maxDepth: 32, maxTokens: 1_000_000 };

/** @throws MODEL_DOWNLOAD_FAILED */
export const readRepository = async (
  settings: HubSettings,
  { id, revision }: ModelId,
  options: AskOptions,
): Promise<Repository> => {
  const at = `api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const { sha: commit } = parse(commitSchema, await answerOf(await askHub(settings, at, options), at), at);
  const files: RemoteFile[] = [];
  let next: string | null = `api/models/${id}/tree/${commit}?recursive=true`;
  for (let page = 0; next !== null; page++) {
    if (page === MAX_PAGES) {
      throw failed(`${id} has more than ${files.length} files, which is more than any model needs. Check the id.`);
    }
    const response = await askHub(settings, next, options);
    const entries = parse(treeSchema, await answerOf(response, next), next);
    for (const { type, path, size, oid, lfs } of entries) {
      if (type !== 'file' || !SAFE_PATH.test(path)) continue;
      files.push({ path, size: lfs?.size ?? size, digest: lfs?.oid ?? oid });
    }
    next = nextPage(response, settings);
  }
  return { id, revision, commit, files };
};

const answerOf = async (response: Response, path: string): Promise<unknown> => {
  const answer = await readAnswer(response, MAX_ANSWER_BYTES);
  if (answer === null) throw failed(`The hub's answer to ${path} is longer than any model needs.`);
  const invalid = (what: string, cause?: unknown): Error =>
    failed(`The hub's answer to ${path} ${what}. Check HF_ENDPOINT.`, cause);
  return parseJson(answer, ANSWER_LIMITS, invalid);
};

const parse = <T>(schema: z.ZodType<T>, answer: unknown, path: string): T => {
  const { data, error } = schema.safeParse(answer);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw failed(
    `The hub's answer to ${path} is not what it should be: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
};

/** The hub pages long lists by `Link: <…>; rel="next"` (RFC 8288); links to other hosts are not followed. */
const nextPage = (response: Response, { endpoint }: HubSettings): string | null => {
  const [, url] = /<([^<>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '') ?? [];
  return url?.startsWith(`${endpoint}/`) === true ? url.slice(endpoint.length + 1) : null;
};
