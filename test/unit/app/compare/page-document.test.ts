import { createHash } from 'node:crypto';
import { pageDocument, type PagePart } from '#src/app/compare/page-document.js';
import { pageRow, type PageRow } from '#src/app/compare/page-row.js';
import { okRecord } from '../../run/results/records.js';

const HOSTILE = '</script></title><img src=x onerror=alert(1)><!-- {{policy}} $& <!-- script --> \u2028';

const row = pageRow(
  { ...okRecord(), prompt: HOSTILE },
  { before: { kind: 'embedded' }, after: { kind: 'linked', url: 'a.png' }, size: null },
);

async function* parts(): AsyncGenerator<PagePart> {
  yield await Promise.resolve({ row, before: Buffer.from('bytes'), after: null });
}

const written = async (): Promise<string> => {
  let text = '';
  for await (const piece of pageDocument(HOSTILE, parts())) text += piece;
  return text;
};

const between = (text: string, start: string, end: string): string => text.split(start)[1]!.split(end)[0]!;

describe('pageDocument', () => {
  it('holds rows as data that ends no script and begins no tag', async () => {
    const json = between(await written(), '<script type="application/json" id="rows">', '</script>');
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json) as PageRow[]).toEqual([row]);
  });

  it('holds previews, and none of what is linked', async () => {
    const text = await written();
    expect(between(text, 'id="before-0">', '</script>')).toBe('data:image/webp;base64,Ynl0ZXM=');
    expect(text).not.toContain('id="after-0"');
  });

  it('escapes its title', async () => {
    const text = await written();
    expect(text).not.toContain('<img src=x');
    expect(text).toContain('<h1>&#60;/script&#62;');
  });

  it('lets its own style and script run, and nothing else', async () => {
    const text = await written();
    const policy = between(text, 'http-equiv="Content-Security-Policy" content="', '"');
    for (const [directive, start, end] of [
      ['style-src', '<style>', '</style>'],
      ['script-src', '<script type="module">', '</script>'],
    ] as const) {
      const hash = createHash('sha256')
        .update(between(text, start, end))
        .digest('base64');
      expect(policy).toContain(`${directive} 'sha256-${hash}';`);
    }
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain('unsafe');
  });
});
