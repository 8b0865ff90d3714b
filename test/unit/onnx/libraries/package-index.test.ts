import { findWheel, parseIndex } from '#src/onnx/libraries/package-index.js';
import { wheels } from '../../../support/with-package-index.js';
import { withServer } from '../../../support/with-server.js';

const { signal } = new AbortController();
const failed = (message: string) => new Error(message) as never;
const [wheel] = wheels;
const { file } = wheel!;

/** What `findWheel` finds in this page. */
const found = async (page: string): Promise<string> => {
  let address = '';
  await withServer(
    (_, response) => response.setHeader('content-type', 'text/html').end(page),
    async (url) => {
      const index = parseIndex(`${url}/simple`, 'the test');
      address = (await findWheel(index, wheel!, { signal, failed })).replace(url, '');
    },
  );
  return address;
};

it.each([
  `<a href="/x/${file}">${file}</a>`,
  `<A class=x data-y='z'\n  HREF = '/x/${file}' data-requires-python="&gt;=3.8">\n ${file}\n</A>`,
  `<a name="x">no link</a><a href="/other">other</a><a href="/x/${file}">${file}</a>`,
])('reads a page: %s', async (page) => {
  expect(await found(page)).toBe(`/x/${file}`);
});

it.each([
  ['open tags', '<a '.repeat(1e6)],
  ['links in open tags', '<a href="'.repeat(300_000)],
  ['white space in a link', `<a href="">${' '.repeat(3e6)}x`],
])('takes moments for a page of %s', async (_, page) => {
  const before = process.cpuUsage();
  await expect(found(page)).rejects.toThrow();
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(10);
});
