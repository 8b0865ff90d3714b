/** A package index on this machine: lists by PEP 691 or PEP 503, and files with ranges. */
import type { RequestListener } from 'node:http';
import type { MadeWheel } from './make-wheel.js';

export interface FakeIndex {
  listener: RequestListener;
  /** Requests so far: `/files/a.whl bytes=10-`. */
  seen: string[];
  /** What goes wrong with the next files. */
  faults: ('cut' | 'damaged' | 'ignores ranges' | 'refused')[];
  /** Called when a file is asked for, before any of it is sent. */
  beforeFile: (name: string) => void;
}

export const fakePackageIndex = (
  wheels: readonly MadeWheel[],
  { form = 'json', authorization }: { form?: 'json' | 'html'; authorization?: string } = {},
): FakeIndex => {
  const fake: FakeIndex = { listener: answer, seen: [], faults: [], beforeFile: () => undefined };

  function answer(...[request, response]: Parameters<RequestListener>): void {
    const url = request.url ?? '';
    const { range = '' } = request.headers;
    fake.seen.push(`${url} ${range}`.trim());
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401).end();
      return;
    }
    const [, project] = /^\/simple\/([\w-]+)\/$/.exec(url) ?? [];
    const [, name] = /^\/files\/(.+)$/.exec(url) ?? [];
    const listed = wheels.filter((wheel) => wheel.project === project);
    const wheel = wheels.find(({ file }) => file === name);
    if (listed.length > 0 && form === 'json') {
      const files = listed.map(({ file }) => ({ filename: file, url: `../../files/${file}`, hashes: {} }));
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json').end(JSON.stringify({ files }));
    } else if (listed.length > 0) {
      const links = listed.map(({ file, sha256 }) => `<a href="/files/${file}#sha256=${sha256}">${file}</a><br/>`);
      response
        .setHeader('content-type', 'text/html')
        .end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
    } else if (wheel === undefined) response.writeHead(404).end();
    else {
      fake.beforeFile(wheel.file);
      const fault = fake.faults.shift();
      if (fault === 'refused') {
        response.writeHead(503).end();
        return;
      }
      const from = fault === 'ignores ranges' ? 0 : Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0);
      const body = wheel.content.subarray(from);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length });
      if (fault === 'cut') {
        response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 100));
      } else response.end(fault === 'damaged' ? Buffer.from(body).fill(7, 10, 20) : body);
    }
  }
  return fake;
};
