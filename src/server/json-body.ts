/** Bodies as JSON, read strictly: UTF-8 that is none, or another encoding, is refused instead of guessed at. */
import type { FastifyInstance } from 'fastify';
import { RefineError } from '../errors.js';
import { jsonFault } from '../json/fault.js';

export const addJsonParser = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
      const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8';
      if (!/^utf-?8$/i.test(charset))
        throw invalid(`Expected a body in UTF-8, got the charset ${charset.slice(0, 40)}.`);
      if (encoding !== 'identity')
        throw invalid(`Expected a body as it is, got Content-Encoding: ${encoding.slice(0, 40)}.`);
      done(null, parseJsonBody(body as Buffer));
    } catch (thrown) {
      done(thrown as Error, undefined);
    }
  });
};

/** @throws REQUEST_INVALID */
export const parseJsonBody = (bytes: Uint8Array): unknown => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RefineError('REQUEST_INVALID', 'Expected a body in UTF-8, found bytes that are not.', { cause });
  }
  if (text.trim() === '') throw invalid('Expected a JSON object, got an empty body.');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RefineError('REQUEST_INVALID', `Expected JSON: ${jsonFault(text, cause)}.`, { cause });
  }
};

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
