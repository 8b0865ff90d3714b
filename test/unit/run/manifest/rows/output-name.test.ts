import { foldName, outputStem, parseOutput, promptStem } from '#src/run/manifest/rows/output-name.js';

describe('parseOutput', () => {
  it.each([
    ['cat.png', 'cat.png'],
    ['cat', 'cat.png'],
    ['a/b/cat', 'a/b/cat.png'],
    ['a.b/cat', 'a.b/cat.png'],
    ['cat.PNG', 'cat.PNG'],
    ['cat.jpeg', 'cat.jpeg'],
    ['cat.TIF', 'cat.TIF'],
    ['cat.safetensors', 'cat.safetensors'],
    ['.hidden.png', '.hidden.png'],
    ['..cat.png', '..cat.png'],
    ['日本 é.png', '日本 é.png'],
    ['console.png', 'console.png'],
  ])('takes %j', (output, path) => {
    expect(parseOutput(output, 'png')).toBe(path);
  });

  it.each([
    ['../cat.png', /inside the output folder/],
    ['a/../../cat.png', /inside the output folder/],
    ['a/../cat.png', /inside the output folder/],
    ['/tmp/cat.png', /inside the output folder/],
    ['a//cat.png', /inside the output folder/],
    ['./cat.png', /inside the output folder/],
    ['..', /inside the output folder/],
    ['a/', /inside the output folder/],
    ['.png', /end in one of \.png/],
    ['C:\\cat.png', /cannot be in a file name/],
    ['a\\..\\cat.png', /cannot be in a file name/],
    ['cat:stream.png', /":" cannot be/],
    ['a\0.png', /"\\u0000" cannot be/],
    ['a\nb.png', /"\\n" cannot be/],
    ['\ud800.png', /cannot be in a file name/],
    ['cat\u202egnp.png', /U\+202E cannot be/],
    ['a\u2066b\u2069.png', /U\+2066 cannot be/],
    ['a\u200bb.png', /U\+200B cannot be/],
    ['a\u2028b.png', /U\+2028 cannot be/],
    ['\ufeffa.png', /U\+FEFF cannot be/],
    ['a\u{e0041}.png', /U\+E0041 cannot be/],
    ['a\u0085b.png', /cannot be in a file name/],
    ['nul.png', /device on Windows/],
    ['COM1.png', /device on Windows/],
    ['aux', /device on Windows/],
    ['con/cat.png', /device on Windows/],
    ['a /cat.png', /dot or a space/],
    ['cat.', /dot or a space/],
    ['a.png/cat.png', /a folder cannot be named like a picture/],
    ['cat.bmp', /end in one of \.png \.jpg \.jpeg \.webp \.avif \.tiff \.tif \.safetensors/],
    ['cat.png.exe', /end in one of/],
    ['a.jpg/cat.png', /a folder cannot be named like a picture/],
    ['x'.repeat(252), /over 255 bytes/],
    ['é'.repeat(130), /over 255 bytes/],
    ['x/'.repeat(600) + 'cat', /over 1024 bytes/],
  ])('refuses %j', (output, message) => {
    expect(() => parseOutput(output, 'png')).toThrow(message);
    expect(() => parseOutput(output, 'png')).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }) as Error);
  });
});

describe('outputStem', () => {
  it.each([
    ['/a/cat.jpeg', 'cat'],
    ['/a/cat.v2.png', 'cat.v2'],
    ['/a/cat', 'cat'],
    ['/a/.hidden', '.hidden'],
    ['/a/what?.png', 'what_'],
    ['/a/a:b|c.png', 'a_b_c'],
    ['/a/CON.png', '_CON'],
    ['/a/cat..png', 'cat'],
    ['/a/....png', 'row-000012'],
    [`/a/${'x'.repeat(251)}.png`, 'x'.repeat(200)],
    [`/a/${'é'.repeat(125)}.png`, 'é'.repeat(100)],
  ])('calls the output of %s %s', (path, stem) => {
    expect(outputStem({ kind: 'file', path }, 12)).toBe(stem);
    expect(parseOutput(`${stem}.png`, 'png')).toBe(`${stem}.png`);
  });

  it.each([
    ['https://example.org/pictures/cat%20one.webp?size=9', 'cat one'],
    ['https://example.org/a%5Cb.png', 'a_b'],
    ['https://example.org/..%2f..%2fetc.png', 'etc'],
    ['https://example.org/', 'row-000012'],
    ['https://example.org/%zz.png', '%zz'],
  ])('calls the output of %s %s', (url, stem) => {
    expect(outputStem({ kind: 'url', url }, 12)).toBe(stem);
  });

  it('numbers pictures without a name', () => {
    expect(outputStem({ kind: 'inline', text: 'data:,' }, 12)).toBe('row-000012');
    expect(outputStem({ kind: 'latents', path: '/a/l.safetensors' }, 12)).toBe('l');
  });

  /* Turned round, isolated, joined or not, of no width, line ends, fillers, tags, and what only changes how another looks. */
  it.each([
    ...[
      '\u202a',
      '\u202b',
      '\u202c',
      '\u202d',
      '\u202e',
      '\u2066',
      '\u2067',
      '\u2068',
      '\u2069',
      '\u200e',
      '\u200f',
      '\u061c',
    ],
    ...['\u200b', '\u200c', '\u200d', '\u2060', '\u2064', '\ufeff', '\u00ad', '\u034f', '\u180e', '\ufff9', '\ufe0f'],
    ...['\u2028', '\u2029', '\u3164', '\uffa0', '\u115f', '\u{e0041}', '\u{e0101}', '\u206a'],
  ])('leaves out invisible characters: %j', (unseen) => {
    const path = `/in/${unseen}cat${unseen}gnp.${unseen}exe${unseen}.png`;
    expect(outputStem({ kind: 'file', path }, 12)).toBe('catgnp.exe');
    expect(outputStem({ kind: 'file', path: `/in/${unseen}.png` }, 12)).toBe('row-000012');
    expect(outputStem({ kind: 'inline', text: '' }, 12, `a${unseen}/b`)).toBe('a/b');
    expect(promptStem(`a${unseen}cat`, 12)).not.toContain(unseen);
  });

  it('replaces control characters of every kind', () => {
    expect(outputStem({ kind: 'file', path: '/in/a\u0085b\u001b[31m\u007f\u009b.png' }, 12)).toBe('a_b_[31m__');
  });
});

it('folds names that a file system may take for one, and no others', () => {
  for (const [one, other] of [
    ['A.PNG', 'a.png'],
    ['é.png', 'E\u0301.png'],
    ['ſ.png', 'S.png'],
    ['ß.png', 'SS.png'],
    ['Σας.png', 'ΣΑΣ.png'],
  ] as const)
    expect(foldName(one)).toBe(foldName(other));
  for (const [one, other] of [
    ['kır.png', 'kir.png'],
    ['o.png', 'ö.png'],
    ['a.png', 'а.png'],
  ] as const)
    expect(foldName(one)).not.toBe(foldName(other));
});
