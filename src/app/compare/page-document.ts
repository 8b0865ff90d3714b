/** The comparison page as a stream of text: it contains every preview, which memory should not. */
import { jsonText } from '../../io/json/json-text.js';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PageRow } from './page-row.js';

/** The package contains the page's sources as they are; the build does not copy them to dist. */
const SOURCES = new URL('../../../src/app/compare/page/', import.meta.url);
/** Each imports only from those before it. */
const SCRIPTS = ['data.js', 'stage.js', 'list.js', 'details.js', 'keyboard.js', 'main.js'];

/** One row and the previews to embed for it. */
export interface PagePart {
  row: PageRow;
  /** WebP; null: linked or missing. */
  before: Uint8Array | null;
  after: Uint8Array | null;
}

/**
 * Yields the page's HTML. Everything from rows is data: previews as base64, the rest as JSON that no HTML parser reads as
 * markup. The page's Content-Security-Policy lets it load only pictures of its own origin or disk, and run only its own script.
 *
 * @param title shown as text
 */
export async function* pageDocument(title: string, parts: AsyncIterable<PagePart>): AsyncGenerator<string> {
  const [template = '', style = '', ...scripts] = await Promise.all(
    ['page.html', 'page.css', ...SCRIPTS].map((name) => readFile(new URL(name, SOURCES), 'utf8')),
  );
  const script = joinModules(scripts);
  const values: Readonly<Record<string, string>> = {
    '{{title}}': escapeHtml(title),
    '{{policy}}': policyFor(style, script),
    '<!-- style -->': `<style>${style}</style>`,
    '<!-- script -->': `<script type="module">${script}</script>`,
  };
  const filled = template.replace(/\{\{\w+\}\}|<!-- (?:style|script) -->/g, (place) => values[place] ?? place);
  const [head = '', tail = ''] = filled.split('<!-- data -->');
  yield head;
  const rows: PageRow[] = [];
  for await (const { row, before, after } of parts) {
    if (before !== null) yield preview(`before-${rows.length}`, before);
    if (after !== null) yield preview(`after-${rows.length}`, after);
    rows.push(row);
  }
  yield `<script type="application/json" id="rows">${inertJson(rows)}</script>\n`;
  yield tail;
}

/** Joins modules into one: each sees the exports of those before it, so import lines are removed. */
const joinModules = (modules: readonly string[]): string =>
  modules.map((text) => text.replace(/^import .*;\n/gm, '').replace(/^export /gm, '')).join('\n');

const policyFor = (style: string, script: string): string => {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    // Linked pictures (--link): 'self' for a page from a server, file: for a page opened from disk.
    "img-src data: file: 'self'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
};

const preview = (id: string, webp: Uint8Array): string =>
  `<script type="text/plain" id="${id}">data:image/webp;base64,${Buffer.from(webp).toString('base64')}</script>\n`;

/** JSON that contains no beginning of a tag, comment or entity. */
const inertJson = (value: unknown): string =>
  jsonText(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
