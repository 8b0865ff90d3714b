/** Tables as other programs write them: separators, line ends, encodings, spaces. */
import { readCsv } from '#src/run/manifest/formats/read-csv.js';
import { readJsonl } from '#src/run/manifest/formats/read-jsonl.js';
import { chunksOf, collect } from './manifests.js';

const read = (text: string | Buffer, usual: ',' | '\t' = ',', sizes?: readonly number[]) =>
  collect(readCsv(chunksOf(text, sizes), 'm.csv', usual));
/** Keys and values of each row. */
const values = async (text: string | Buffer, usual: ',' | '\t' = ',', sizes?: readonly number[]) =>
  (await read(text, usual, sizes)).map((row) =>
    'known' in row ? Object.fromEntries(row.known.map(([key, value]): [string, unknown] => [key, value])) : row.problem,
  );

const utf16 = (text: string, order: 'le' | 'be', mark = true): Buffer => {
  const bytes = Buffer.from((mark ? '\uFEFF' : '') + text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

it.each([
  ['image;prompt;strength\r\na.png;"a cat; asleep";0,3\r\n', ','],
  ['image\tprompt\tstrength\na.png\t"a cat; asleep"\t0.3\n', ','],
  ['image|prompt|strength\na.png|"a cat; asleep"|0.3\n', ','],
  ['image,prompt,strength\na.png,"a cat; asleep",0.3\n', '\t'],
  ['"image";"prompt";"strength"\n"a.png";"a cat; asleep";"0,3"\n', '\t'],
  ['sep=;\nimage;prompt;strength\na.png;"a cat; asleep";,3\n', ','],
  ['\uFEFF"sep=\t"\r\nimage\tprompt\tstrength\r\na.png\ta cat; asleep\t0,3\r\n', ','],
  ['SEP=^\nimage^prompt^strength\na.png^a cat; asleep^0.3', ','],
  [
    '#TYPE System.Management.Automation.PSCustomObject\n"image","prompt","strength"\n"a.png","a cat; asleep","0.3"',
    ',',
  ],
  [';;\nimage;prompt;strength;;\na.png;"a cat; asleep";0,3;;;\n', ','],
] as const)('finds what separates the cells of %j', async (text, usual) => {
  expect(await values(text, usual)).toEqual([{ image: 'a.png', prompt: 'a cat; asleep', strength: 0.3 }]);
});

it('reads a quote inside an unquoted cell between tabs as a character', async () => {
  const table = 'image\tprompt\na.png\ta 5" cat\nb.png\t"a dog\twith ""tab"""\nc.png\t"open" end\n';
  expect(await values(table)).toEqual([
    { image: 'a.png', prompt: 'a 5" cat' },
    { image: 'b.png', prompt: 'a dog\twith "tab"' },
    expect.stringContaining('text after it'),
  ]);
});

it('reads a NUL in a cell, and ends at the end of a DOS file', async () => {
  expect(await values('image,prompt\r\na.png,a\0cat\r\n\x1a')).toEqual([{ image: 'a.png', prompt: 'a\0cat' }]);
});

it('leaves commas alone where they separate, in text, and in pairs', async () => {
  expect(await values('image,strength\na.png,"0,3"\n')).toEqual([{ image: 'a.png', strength: '0,3' }]);
  expect(await values('image;prompt;original_size;steps\na.png;0,3;512,640;1,5\n')).toEqual([
    { image: 'a.png', prompt: '0,3', original_size: [512, 640], steps: 1.5 },
  ]);
});

it.each(['\r', '\n', '\r\n'])('ends records at %j, but not inside quotes', async (end) => {
  const text = ['image,prompt', 'a.png,a cat', `b.png,"two${end}${end}lines"`, '', 'c.png,x', 'd.png'].join(end);
  const rows = await read(text);
  expect(rows).toMatchObject([
    {
      line: 2,
      known: [
        ['image', 'a.png'],
        ['prompt', 'a cat'],
      ],
    },
    {
      line: 3,
      known: [
        ['image', 'b.png'],
        ['prompt', `two${end}${end}lines`],
      ],
    },
    {
      line: 7,
      known: [
        ['image', 'c.png'],
        ['prompt', 'x'],
      ],
    },
    { line: 8, problem: expect.stringContaining('2 cells') as string },
  ]);
  for (const sizes of [[1], [2, 5], [3], [7]]) expect(await read(text, ',', sizes)).toEqual(rows);
});

it('trims spaces around cells that are not quoted, and takes a quote behind one for a quote', async () => {
  const text =
    'prompt, image, strength ,"id"\n a cat , cat.png, 0.3, " x "\n"a, b" , dog.png ,0.3,y\n\u00a0c,\td.png,,\n';
  expect(await values(text)).toEqual([
    { prompt: 'a cat', image: 'cat.png', strength: 0.3, id: ' x ' },
    { prompt: 'a, b', image: 'dog.png', strength: 0.3, id: 'y' },
    { prompt: 'c', image: 'd.png' },
  ]);
  expect(await values('image\tprompt\tsteps\n a.png \t\t 5\n\ta\t\n', '\t')).toEqual([
    { image: 'a.png', steps: 5 },
    { prompt: 'a' },
  ]);
});

it.each(['le', 'be'] as const)('decodes UTF-16 %s with its mark, whatever the chunks', async (order) => {
  const text = 'image,prompt\r\ncat.png,"ein Kätzchen 🐈"\r\n';
  for (const sizes of [[1000], [1], [3], [5, 64, 7]]) {
    expect(await values(utf16(text, order), ',', sizes)).toEqual([{ image: 'cat.png', prompt: 'ein Kätzchen 🐈' }]);
  }
  const line = utf16('{"image":"a.png"}\r\n', order);
  expect(await collect(readJsonl(chunksOf(line), 'm.jsonl'))).toMatchObject([{ known: [['image', 'a.png']] }]);
});

it.each(['le', 'be'] as const)(
  'keeps lone surrogates of UTF-16 %s for the warning, whatever the chunks',
  async (order) => {
    const cells = {
      image: 'cat.png',
      prompt: 'cut \ud83d',
      id: '\ufffd, "\ude00" 🐈 \ud83d',
      negative_prompt: '\ude00\ud83d',
    };
    const text = `${Object.keys(cells).join(',')}\n cat.png ,cut \ud83d,"\ufffd, ""\ude00"" 🐈 \ud83d",\ude00\ud83d\n`;
    const rows = utf16(`${JSON.stringify({ image: 'a.png', prompt: '#' }).replace('#', '\ud83dx')}\n`, order);
    for (const sizes of [[1000], [1], [3], [5, 64, 7]]) {
      expect(await values(utf16(text, order), ',', sizes)).toEqual([cells]);
      expect(await collect(readJsonl(chunksOf(rows, sizes), 'm.jsonl'))).toMatchObject([
        {
          known: [
            ['image', 'a.png'],
            ['prompt', '\ud83dx'],
          ],
        },
      ]);
    }
  },
);

it('refuses UTF-16 with half a unit at its end', async () => {
  const bytes = utf16('image,prompt\na.png,x\n', 'le');
  await expect(read(Buffer.concat([bytes, Buffer.of(0x20)]))).rejects.toMatchObject({
    code: 'MANIFEST_SYNTAX',
    message: expect.stringMatching(/an odd one at the end of m.csv: the file is cut/) as string,
  });
});

it.each([
  ['UTF-16 LE', utf16('image,prompt\r\n', 'le', false), /found UTF-16 LE without a byte order mark.*UTF-8/],
  ['UTF-16 BE', utf16('{"image":"a"}', 'be', false), /found UTF-16 BE without a byte order mark/],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x69, 0, 0, 0]), /UTF-32: save it as UTF-8/],
  ['a workbook', Buffer.from('PK\x03\x04xxxx'), /\.xlsx.*CSV UTF-8/],
  ['a Parquet file', Buffer.from('PAR1xxxx'), /Parquet.*to_json/],
  ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
  ['zeros', Buffer.alloc(9), /NUL bytes/],
])('says that it is %s', async (_, bytes, message) => {
  const failure = { code: 'MANIFEST_SYNTAX', message: expect.stringMatching(message) as string };
  await expect(read(bytes)).rejects.toMatchObject(failure);
  await expect(collect(readJsonl(chunksOf(bytes, [1]), 'm.jsonl'))).rejects.toMatchObject(failure);
});

it('shows a row of Windows-1252 as that, and reads on', async () => {
  const rows = await values(Buffer.from('image;prompt\ncaf\xe9.png;na\xefve \x93x\x94\nb.png;ok\n', 'latin1'));
  expect(rows).toEqual([
    expect.stringMatching(/not, as Windows-1252 "café\.png;naïve “x”": save the file as UTF-8/),
    { image: 'b.png', prompt: 'ok' },
  ]);
});
