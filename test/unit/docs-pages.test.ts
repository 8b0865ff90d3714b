/** The pages: every link, every heading that a link names, and every file that a page names exists. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import glob from 'fast-glob';
import { root } from '../support/golden.js';

const pages = glob
  .sync(['*.md', 'docs/**/*.md', 'training/*.md', 'bench/**/*.md'], { cwd: root, ignore: ['CHANGELOG.md'] })
  .sort();
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Links and names inside fenced code are examples. */
const withoutFences = (text: string): string => text.replace(/^```[^]*?^```$/gm, '');

/** Anchors as GitHub makes them: of headings, and of `<a id>`. */
const anchorsOf = (text: string): Set<string> => {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)]);
};

/** What pages call by a path from the root, … */
const FROM_ROOT = /^(?:src|test|scripts|bench|docs|training|models|docker|schemas|fixtures)\/[\w@<>*.{},/-]*$/;
/** … by a path from `src/`, a folder or a module, … */
const FROM_SRC = /^(?:app|run|media|diffusion|models|onnx|tensor|io)\/[\w@<>*.{},/-]*(?:\/|\.[mc]?[jt]s)$/;
/** … or by a module's name alone. */
const MODULE = /^[\w-]+(?:\.test)?\.(?:ts|mjs|cjs)$/;

const found = (pattern: string): boolean =>
  glob.sync(pattern.replaceAll(/<[^>]*>/g, '*'), { cwd: root, ignore: ['**/node_modules/**', 'build/**', 'dist/**'] })
    .length > 0;
const exists = (path: string): boolean => existsSync(join(root, path)) || found(path);

const isThere = (name: string): boolean => {
  if (FROM_SRC.test(name)) return exists(`src/${name}`) || exists(name);
  if (FROM_ROOT.test(name)) return exists(name);
  return !MODULE.test(name) || found(`{src,test,scripts,bench,bin}/**/${name}`);
};

it('there are pages', () => {
  expect(pages.length).toBeGreaterThan(30);
});

it.each(pages)('%s: links lead to files and headings that exist', (page) => {
  const links = [...withoutFences(read(page)).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, to = '']) => to);
  const broken = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
  });
  expect(broken).toEqual([]);
});

it.each(pages)('%s: files that it names exist', (page) => {
  const names = [...withoutFences(read(page)).matchAll(/`([^`\s]+)`/g)].map(([, name = '']) => name);
  const missing = names.filter((name) => !isThere(name));
  expect(missing).toEqual([]);
});

it('the README links every page of docs/', () => {
  const linked = new Set([...read('README.md').matchAll(/\]\((docs\/[^)#]+)/g)].map(([, to = '']) => to));
  expect(pages.filter((page) => /^docs\/[^/]+$/.test(page) && !linked.has(page))).toEqual([]);
});
