/** Routes for browsers: the page that refines a picture, the description of the API, and a page to try it. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { resolveSettings } from '../../../run/manifest/rows/resolve-settings.js';
import { describeApi } from './describe-api.js';
import type { RequestOptions } from '../requests/read-request.js';

/** The package contains the page's sources as they are; the build does not copy them to dist. */
const SOURCES = new URL('../../../../src/app/server/page/', import.meta.url);
const FILES = [
  ['/page.css', 'page.css', 'text/css'],
  ['/page.js', 'page.js', 'text/javascript'],
  ['/read-events.js', 'read-events.js', 'text/javascript'],
  ['/docs.js', 'docs.js', 'text/javascript'],
  ['/docs', 'docs.html', 'text/html'],
] as const;

/** Content-Security-Policy: own scripts, style and server; pictures only as blobs and data URLs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src blob: data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export interface PageOptions {
  /** Default settings of rows. */
  rows: RequestOptions['rows'];
  /** Note about the model, with steps to take; null: no note. */
  note: { text: string; steps: readonly string[] } | null;
}

/** Initial values of the page: the note, and the settings of a request without `params`. */
const initialValues = ({ rows, note }: PageOptions): object => {
  const { strength, steps, guidanceScale } = resolveSettings({}, new Set(), { ...rows, runSeed: 0 });
  return { note, strength, steps, guidance_scale: guidanceScale };
};

/** Escapes the value of an attribute in double quotes. */
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

export const addPages = async (app: FastifyInstance, options: PageOptions): Promise<void> => {
  const read = (name: string): Promise<string> => readFile(new URL(name, SOURCES), 'utf8');
  const initial = escape(JSON.stringify(initialValues(options)));
  const page = (await read('page.html')).replace('data-initial="{}"', () => `data-initial="${initial}"`);
  app.get('/', (request, reply) => {
    reply.header('vary', 'accept');
    if (request.headers.accept?.includes('text/html') !== true) return reply.send({ status: 'alive' });
    return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page);
  });
  for (const [path, name, type] of FILES) {
    const text = await read(name);
    app.get(path, (_request, reply) =>
      reply.header('content-security-policy', POLICY).type(`${type}; charset=utf-8`).send(text),
    );
  }
  const description = describeApi(options.rows.modelDefaults);
  app.get('/swagger.json', () => description);
};
