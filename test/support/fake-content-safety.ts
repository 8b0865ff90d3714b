/**
 * A local fake of Azure AI Content Safety, by its published contract: REST 2024-09-01, text:analyze and image:analyze
 * (azure-rest-api-specs, ContentSafety/stable/2024-09-01), its limits, its errors, and a managed identity that gives tokens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';

export const FAKE_KEY = 'fake-key-0123456789';
export const FAKE_TOKEN = 'fake.token.of.an.identity';

/** One request that is not answered as usual. */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** No answer at all, and a connection that breaks. */
  | 'hang'
  | 'drop';

export interface SeenRequest {
  kind: 'text' | 'image' | 'token';
  body: Record<string, unknown>;
  headers: IncomingMessage['headers'];
  query: URLSearchParams;
  /** Of an image: its size and mean colours. */
  picture?: { width: number; height: number; bytes: number; format: string; mean: number[] };
}

export interface FakeContentSafety {
  url: string;
  seen: SeenRequest[];
  count: (kind: SeenRequest['kind']) => number;
  /** Taken one a request, before anything else. */
  faults: Fault[];
  /** Blocklists of the resource: words by list. */
  blocklists: Record<string, string[]>;
  /** An analysis stops at a match, whatever the request says. */
  halts: boolean;
  /** What the service sees in the n-th picture, counted from 0; usual: a red one is violent. */
  look: (picture: NonNullable<SeenRequest['picture']>, nth: number) => number;
  /** How long a token lasts. */
  tokenSeconds: number;
  /** It answers nothing before this many were asked at a time. */
  answersFrom: number;
  mostAtATime: number;
  close: () => void;
}

const CATEGORIES = ['Hate', 'SelfHarm', 'Sexual', 'Violence'];
const WORDS: Readonly<Record<string, [string, number]>> = {
  grim: ['Violence', 2],
  gory: ['Violence', 4],
  lewd: ['Sexual', 4],
};

export const startContentSafety = async (): Promise<FakeContentSafety> => {
  let running = 0;
  const server = createServer((request, response) => {
    fake.mostAtATime = Math.max(fake.mostAtATime, ++running);
    response.on('close', () => running--);
    answer(fake, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeContentSafety = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    count: (kind) => fake.seen.filter((request) => request.kind === kind).length,
    faults: [],
    blocklists: { names: ['sauron'] },
    halts: false,
    look: ({ mean: [red = 0, green = 0] }) => (red > 180 && green < 80 ? 6 : 0),
    tokenSeconds: 3599,
    answersFrom: 1,
    mostAtATime: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return fake;
};

/** The variables that point a run at the fake. */
export const fakeEnvironment = ({ url }: FakeContentSafety): NodeJS.ProcessEnv => ({
  ...process.env,
  CONTENT_SAFETY_ENDPOINT: url,
  CONTENT_SAFETY_KEY: FAKE_KEY,
});

const answer = async (fake: FakeContentSafety, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', fake.url);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const fault = fake.faults.shift();
  if (fault === 'drop') request.socket.destroy();
  if (fault === 'drop' || fault === 'hang') return;
  const send = (status: number, body: object | string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const refuse = (status: number, code: string, message: string): void => {
    send(status, { error: { code, message, details: [] } }, { 'x-ms-error-code': code });
  };
  if (fault !== undefined) {
    send(fault.status, fault.body ?? { error: { code: 'ServerBusy', message: 'busy' } }, fault.headers);
    return;
  }
  while (fake.mostAtATime < fake.answersFrom) await new Promise((resolve) => setTimeout(resolve, 5));
  if (url.pathname === '/msi/token' || url.pathname === '/metadata/identity/oauth2/token') {
    fake.seen.push({ kind: 'token', body: {}, headers: request.headers, query: url.searchParams });
    send(200, { access_token: FAKE_TOKEN, expires_in: String(fake.tokenSeconds), token_type: 'Bearer' });
    return;
  }
  const kind = /^\/contentsafety\/(text|image):analyze$/.exec(url.pathname)?.[1] as 'text' | 'image' | undefined;
  if (kind === undefined || request.method !== 'POST') {
    refuse(404, '404', 'Resource not found');
    return;
  }
  const { 'ocp-apim-subscription-key': key, authorization } = request.headers;
  if (key !== FAKE_KEY && authorization !== `Bearer ${FAKE_TOKEN}`) {
    refuse(401, '401', `Access denied due to invalid subscription key or wrong API endpoint. Given: ${String(key)}`);
    return;
  }
  if (url.searchParams.get('api-version') !== '2024-09-01') {
    refuse(404, 'ResourceNotFound', 'no such version');
    return;
  }
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  const seen: SeenRequest = { kind, body, headers: request.headers, query: url.searchParams };
  fake.seen.push(seen);
  if (kind === 'text') {
    analyzeText(fake, body, send, refuse);
  } else {
    await analyzeImage(fake, seen, send, refuse);
  }
};

type Send = (status: number, body: object) => void;
type Refuse = (status: number, code: string, message: string) => void;

const analysis = (severities: Readonly<Record<string, number>>): object[] =>
  CATEGORIES.map((category) => ({ category, severity: severities[category] ?? 0 }));

const analyzeText = (fake: FakeContentSafety, body: Record<string, unknown>, send: Send, refuse: Refuse): void => {
  const {
    text,
    blocklistNames = [],
    haltOnBlocklistHit,
    outputType,
  } = body as {
    text?: unknown;
    blocklistNames?: string[];
    haltOnBlocklistHit?: boolean;
    outputType?: string;
  };
  if (typeof text !== 'string' || text.trim() === '' || Array.from(text).length > 10_000) {
    refuse(400, 'InvalidRequestBody', 'The text must have 1 to 10000 characters.');
    return;
  }
  if (outputType !== 'FourSeverityLevels') {
    refuse(400, 'InvalidRequestBody', 'outputType');
    return;
  }
  const missing = blocklistNames.find((name) => !(name in fake.blocklists));
  if (missing !== undefined) {
    refuse(404, 'ResourceNotFound', `The blocklist ${missing} was not found.`);
    return;
  }
  const blocklistsMatch = blocklistNames.flatMap((name) =>
    fake.blocklists[name]!.filter((word) => text.includes(word)).map((word) => ({
      blocklistName: name,
      blocklistItemId: 'b1f5',
      blocklistItemText: word,
    })),
  );
  const halted = blocklistsMatch.length > 0 && (fake.halts || haltOnBlocklistHit === true);
  const found = Object.entries(WORDS).flatMap(([word, severity]) => (text.includes(word) ? [severity] : []));
  send(200, { blocklistsMatch, categoriesAnalysis: halted ? [] : analysis(Object.fromEntries(found)) });
};

const analyzeImage = async (fake: FakeContentSafety, seen: SeenRequest, send: Send, refuse: Refuse): Promise<void> => {
  const { content = '' } = seen.body['image'] as { content?: string };
  const bytes = Buffer.from(content, 'base64');
  const { width, height, format } = await sharp(bytes).metadata();
  const { channels } = await sharp(bytes).stats();
  seen.picture = { width, height, bytes: bytes.length, format, mean: channels.map(({ mean }) => mean) };
  const isWrong = Math.min(width, height) < 50 || Math.max(width, height) > 2048 || bytes.length > 4_000_000;
  const nth = fake.seen.filter(({ picture }) => picture !== undefined).length - 1;
  if (isWrong) refuse(400, 'InvalidRequestBody', `The image of ${width}×${height} is not supported.`);
  else send(200, { categoriesAnalysis: analysis({ Violence: fake.look(seen.picture, nth) }) });
};
