/**
 * A hub on this machine that follows the published HTTP API of Hugging Face's: revision, tree, and `resolve` with ranges, where
 * large files are redirected to another host.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface FakeHub {
  hub: RequestListener;
  /** Where large files are. */
  store: RequestListener;
  /** Requests so far: `store /unet/model.safetensors bytes=10-`. */
  seen: string[];
  /** What goes wrong with the next answers of the store. */
  faults: ('cut' | 'damaged' | 'ignores ranges')[];
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** @param folder a model's @param storeUrl where `store` listens; asked only while answering */
export const fakeHub = (
  id: string,
  folder: string,
  { storeUrl, token = null }: { storeUrl: () => string; token?: string | null },
): FakeHub => {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  const tree = paths.map((path) => {
    const bytes = readFileSync(join(folder, path));
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    return { type: 'file', path, oid, size: bytes.length, ...(path.endsWith('.safetensors') ? { lfs } : {}) };
  });
  const fake: FakeHub = { hub: answerHub, store: answerStore, seen: [], faults: [] };

  function answerHub(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    fake.seen.push(`hub ${url}`);
    if (token !== null && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { 'x-error-message': 'Invalid username or password.' }).end();
    } else if (url === `/api/models/${id}/revision/main`) response.end(JSON.stringify({ id, sha: COMMIT }));
    else if (url === `/api/models/${id}/tree/${COMMIT}?recursive=true`) {
      const half = Math.ceil(tree.length / 2);
      const next = `<http://${request.headers.host}${url}&cursor=2>; rel="next"`;
      response.setHeader('link', next).end(JSON.stringify(tree.slice(0, half)));
    } else if (url.endsWith('&cursor=2')) response.end(JSON.stringify(tree.slice(Math.ceil(tree.length / 2))));
    else if (url.startsWith(`/${id}/resolve/${COMMIT}/`)) {
      const path = url.slice(`/${id}/resolve/${COMMIT}/`.length);
      if (path.endsWith('.safetensors')) response.writeHead(302, { location: `${storeUrl()}/${path}` }).end();
      else response.end(readFileSync(join(folder, path)));
    } else response.writeHead(404).end();
  }

  function answerStore(request: IncomingMessage, response: ServerResponse): void {
    const { range = '', authorization } = request.headers;
    fake.seen.push(`store ${request.url} ${range}${authorization === undefined ? '' : ' with the token'}`);
    const bytes = readFileSync(join(folder, request.url ?? ''));
    const fault = fake.faults.shift();
    const from = fault === 'ignores ranges' ? 0 : Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0);
    const body = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length });
    if (fault === 'cut') {
      response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 100));
    } else response.end(fault === 'damaged' ? Buffer.from(body).fill(7, 100, 200) : body);
  }
  return fake;
};
