import { readCsv } from '#src/run/manifest/formats/read-csv.js';
import { chunksOf, collect } from '../manifests.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const read = (text: string | Buffer, sizes?: readonly number[], delimiter: ',' | '\t' = ',') =>
  collect(readCsv(chunksOf(text, sizes), 'm.csv', delimiter));

describe('readCsv', () => {
  it('reads cells by the kind of their key; empty ones are absent, strange columns travel along', async () => {
    expect(await read('image,prompt, steps ,original_size,name\na.png,007,20,"[512, 640]",x\nb.png,,,,\n')).toEqual([
      {
        line: 2,
        known: [
          ['image', 'a.png'],
          ['prompt', '007'],
          ['steps', 20],
          ['original_size', [512, 640]],
        ],
        extra: { name: 'x' },
      },
      { line: 3, known: [['image', 'b.png']], extra: { name: '' } },
    ]);
  });

  it('takes a byte order mark before a quoted header, CRLF, quotes, commas and newlines in cells, and blank lines', async () => {
    const text = '\uFEFF"image","prompt"\r\n\r\n"a,b.png","say ""hi""\r\nthere"\r\n,\r\nc.png,"x\n\ny"\r\nd.png,z';
    expect(await read(text)).toEqual([
      {
        line: 3,
        known: [
          ['image', 'a,b.png'],
          ['prompt', 'say "hi"\r\nthere'],
        ],
        extra: {},
      },
      {
        line: 6,
        known: [
          ['image', 'c.png'],
          ['prompt', 'x\n\ny'],
        ],
        extra: {},
      },
      {
        line: 9,
        known: [
          ['image', 'd.png'],
          ['prompt', 'z'],
        ],
        extra: {},
      },
    ]);
  });

  it('reads tabs in TSV, where a comma is a comma', async () => {
    expect(await read('image\tprompt\na.png\tx, "y"\n'.replace('x, "y"', 'x, y'), [4], '\t')).toEqual([
      {
        line: 2,
        known: [
          ['image', 'a.png'],
          ['prompt', 'x, y'],
        ],
        extra: {},
      },
    ]);
  });

  it.each([
    ['a.png', /Expected 2 cells, as the header has, found 1/],
    ['a.png,b,c', /Expected 2 cells, as the header has, found 3/],
    ['"a.png"x,b', /quoted cell to end at its quote/],
    ['a 5" nail,b', /quotes around the whole cell/],
  ])('fails the row %s and reads on', async (record, problem) => {
    const rows = await read(`image,prompt\n${record}\nc.png,d\n`);
    expect(rows).toEqual([
      { line: 2, problem: expect.stringMatching(problem) as string },
      {
        line: 3,
        known: [
          ['image', 'c.png'],
          ['prompt', 'd'],
        ],
        extra: {},
      },
    ]);
  });

  it('fails a row that is not UTF-8 and reads on', async () => {
    const text = Buffer.from('image,prompt\na.png,caf\xe9\nb.png,ok\n', 'latin1');
    const rows = await read(text);
    expect(rows[0]).toEqual({ line: 2, problem: expect.stringContaining('UTF-8') as string });
    expect(rows[1]).toMatchObject({
      line: 3,
      known: [
        ['image', 'b.png'],
        ['prompt', 'ok'],
      ],
    });
  });

  it.each([
    ['image,prompt,image\n', 'MANIFEST_SYNTAX', /each column once, found "image" twice \(m\.csv, line 1\)/],
    [
      'image,steps,num_inference_steps\n',
      'MANIFEST_SYNTAX',
      /found "steps" and "num_inference_steps", which both mean steps/,
    ],
    [
      'image,guidance_scale,cfg\n',
      'MANIFEST_SYNTAX',
      /found "guidance_scale" and "cfg", which both mean guidance_scale/,
    ],
    ['image,denoise\na,1\n', 'MANIFEST_KEY_UNKNOWN', /"denoise" \(m\.csv, line 1\): did you mean "strength"/],
    [
      'img,prompt\na,b\n',
      'MANIFEST_SYNTAX',
      /found "img", "prompt"\. Rename the column "img" to image \(m\.csv, line 1\)/,
    ],
    ['prompt,seed\na,1\n', 'MANIFEST_SYNTAX', /Expected a column of pictures \(image, file_name.*Add a column image/],
    ['image,name,name\n', 'MANIFEST_SYNTAX', /found "name" twice/],
    [
      '\n\nimage:prompt\na:b\n',
      'MANIFEST_SYNTAX',
      /a header that names keys .*found \["image:prompt"\] \(m\.csv, line 3\)/,
    ],
    ['a.png,a cat\n', 'MANIFEST_SYNTAX', /a header that names keys/],
    ['ima"ge,prompt\n', 'MANIFEST_SYNTAX', /Could not read the header \(m\.csv, line 1\)/],
    ['image,strenght\na,1\n', 'MANIFEST_KEY_UNKNOWN', /"strenght" \(m\.csv, line 1\): did you mean "strength"/],
    [
      'image,prompt\na,b\n\nc,"d\ne,f\ng,h\n',
      'MANIFEST_SYNTAX',
      /closed, found the end of the file \(m\.csv, line 4\)/,
    ],
  ])('ends the run at %j', async (text, code, message) => {
    await expect(read(text)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('leaves out a column without a header, as pandas writes for its index', async () => {
    expect(await read(',image\n0,a.png\n')).toEqual([{ line: 2, known: [['image', 'a.png']], extra: {} }]);
  });

  it('loses to a quote that is closed in a later row only the rows in between', async () => {
    const rows = await read('image,prompt\na.png,"oops\nb.png,"x"\nc.png,y\n');
    expect(rows).toEqual([
      { line: 2, problem: expect.stringMatching(/quote/) as string },
      {
        line: 4,
        known: [
          ['image', 'c.png'],
          ['prompt', 'y'],
        ],
        extra: {},
      },
    ]);
  });

  it('has no rows in an empty file or under a bare header', async () => {
    for (const text of ['', '\uFEFF', '\n\n', 'image,prompt', 'image,prompt\r\n\r\n'])
      expect(await read(text)).toEqual([]);
  });

  it('gives the same rows whatever the chunks', async () => {
    const text = '\uFEFF"image",prompt\r\n"a""b.png","é\r\n🐈"\r\n\r\nragged\r\n"x"y,z\r\nc.png,"""q"""';
    const whole = await read(text);
    expect(whole).toHaveLength(4);
    for (const sizes of [[1], [2, 5], [3], [13, 1]]) expect(await read(text, sizes)).toEqual(whole);
  });

  it('counts the columns before it makes any', async () => {
    const columns = Array.from({ length: 60_000 }, (_, at) => `c${at}`).join(',');
    await expect(read(`image,prompt,${columns}\na.png,p\n`)).rejects.toMatchObject({
      code: 'MANIFEST_SYNTAX',
      message: expect.stringContaining('Expected at most 10000 cells in a record, found 60002'),
    });
    const [row] = await read(`image,prompt\n${','.repeat(60_000)}\n`);
    expect(row).toMatchObject({ problem: expect.stringContaining('at most 10000 cells') });
    const [quoted] = await read(`image,prompt\na.png,"${','.repeat(15_000)}"\n`);
    expect(quoted).toMatchObject({
      known: [
        ['image', 'a.png'],
        ['prompt', ','.repeat(15_000)],
      ],
    });
  });

  it('reads as many columns as there may be in the time that a few take', async () => {
    const columns = Array.from({ length: 9_998 }, (_, at) => `c${at}`).join(',');
    const rows = await expectSoon(() => read(`image,prompt,${columns}\na.png,p${','.repeat(9_998)}\n`), 5);
    expect(rows).toHaveLength(1);
  });
});
