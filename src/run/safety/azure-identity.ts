/**
 * Authorizes requests to Azure with a key or the machine's managed identity. Tokens come from the same three endpoints as in
 * azure-identity: App Service and similar hosts, Azure Machine Learning, virtual machines.
 */
import { messageOf, RefineError } from '../../errors.js';
import { requestWithRetry, type RequestOptions } from './request-with-retry.js';

/** Headers of a request. */
export type Authorize = (options: RequestOptions) => Promise<Readonly<Record<string, string>>>;

export type Environment = Readonly<Record<string, string | undefined>>;

const RESOURCE = 'https://cognitiveservices.azure.com';
/** The instance metadata service, which only virtual machines can reach. */
const METADATA_HOST = 'http://169.254.169.254';
/** A token is renewed this long before it expires. */
const EARLY_MS = 5 * 60_000;
/** Shortest use of a token, also if its expiry is unknown. */
const SHORTEST_USE_MS = 60_000;

export const authorizeByKey =
  (key: string): Authorize =>
  () =>
    Promise.resolve({ 'ocp-apim-subscription-key': key });

/** @throws CONTENT_SAFETY_SETUP if there is no identity, CONTENT_SAFETY_UNAVAILABLE */
export const authorizeByIdentity = (env: Environment): Authorize => {
  let token: { text: string; until: number } | null = null;
  let pending: { signal: AbortSignal; answer: Promise<{ text: string; until: number }> } | null = null;
  return async (options) => {
    while (token === null || Date.now() >= token.until) {
      /* Rows that wait at the same time share a request. */
      pending ??= { signal: options.signal, answer: requestToken(env, options).finally(() => (pending = null)) };
      const { signal, answer } = pending;
      try {
        token = await answer;
      } catch (thrown) {
        options.signal.throwIfAborted();
        /* The row that sent the request was cancelled: the others request again. */
        if (signal.aborted) continue;
        /* An earlier request got a token: the next row may get one too. */
        if (token === null) throw thrown;
        throw new RefineError('CONTENT_SAFETY_UNAVAILABLE', messageOf(thrown), { cause: thrown });
      }
    }
    return { authorization: `Bearer ${token.text}` };
  };
};

const requestToken = async (env: Environment, options: RequestOptions): Promise<{ text: string; until: number }> => {
  const { url, headers } = tokenRequest(env);
  const name = 'The managed identity';
  /* A local endpoint: no proxy can or should reach it. */
  const requestOptions = { ...options, name, tries: 3, timeoutMs: 5000, request: fetch };
  const { status, body } = await requestWithRetry(url, { headers }, requestOptions).catch((cause: unknown) => {
    options.signal.throwIfAborted();
    throw noIdentity(`${url.origin} did not answer`, cause);
  });
  const { access_token: text, expires_in: lasts, expires_on: ends } = parse(body);
  if (status !== 200 || typeof text !== 'string') throw noIdentity(`HTTP ${status} of ${url.origin}`);
  const now = Date.now();
  const leftMs = (Number(lasts) || Number(ends) - now / 1000 || 0) * 1000;
  return { text, until: now + Math.max(SHORTEST_USE_MS, leftMs - EARLY_MS) };
};

const tokenRequest = (env: Environment): { url: URL; headers: Record<string, string> } => {
  const ask = (base: string, version: string, client: string): URL => {
    const url = new URL(base);
    url.searchParams.set('api-version', version);
    url.searchParams.set('resource', RESOURCE);
    const id = env['AZURE_CLIENT_ID'] ?? env['UAI_CLIENT_ID'] ?? env['DEFAULT_IDENTITY_CLIENT_ID'] ?? '';
    if (id !== '') url.searchParams.set(client, id);
    return url;
  };
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER, MSI_ENDPOINT, MSI_SECRET, AZURE_POD_IDENTITY_AUTHORITY_HOST } = env;
  if (IDENTITY_ENDPOINT && IDENTITY_HEADER) {
    return {
      url: ask(IDENTITY_ENDPOINT, '2019-08-01', 'client_id'),
      headers: { 'x-identity-header': IDENTITY_HEADER },
    };
  }
  if (MSI_ENDPOINT && MSI_SECRET) {
    return { url: ask(MSI_ENDPOINT, '2017-09-01', 'clientid'), headers: { secret: MSI_SECRET } };
  }
  const host = AZURE_POD_IDENTITY_AUTHORITY_HOST ?? METADATA_HOST;
  return {
    url: ask(`${host}/metadata/identity/oauth2/token`, '2018-02-01', 'client_id'),
    headers: { metadata: 'true' },
  };
};

const parse = (body: string): Record<string, unknown> => {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return {};
  }
};

const noIdentity = (why: string, cause?: unknown): RefineError =>
  new RefineError(
    'CONTENT_SAFETY_SETUP',
    `Expected CONTENT_SAFETY_KEY or a managed identity, found no key, and no identity returned a token (${why}). Set the key, or run where Azure provides an identity.`,
    { cause },
  );
