import { sortNaturally } from '#src/run/manifest/inputs/natural-order.js';
import { expectSoon } from '../../../../support/expect-soon.js';

describe('sortNaturally', () => {
  it.each([
    [['1.png', '2.png', '10.png', '11.png', '100.png']],
    [['cat2.png', 'cat10.png', 'dog1.png']],
    [['IMG_1.png', 'img_2.png', 'IMG_10.png']],
    [['cat.jpg', 'cat.png', 'cat 2.png', 'cat-2.png', 'cat2.png', 'cats.png']],
    [['a/9.png', 'a/10.png', 'a-b/1.png', 'a10/1.png']],
    [['2/b.png', '10/a.png', 'x.png']],
    [['v1.2.png', 'v1.10.png', 'v2.png']],
    [['a001.png', 'a01.png', 'a1.png', 'a002.png', 'a2.png']],
    [['9007199254740993.png', '9007199254740994.png', '90071992547409930.png']],
    [['2024-01-09.png', '2024-01-10.png', '2024-10-01.png']],
    [['a.png', 'b.png', 'z.png', 'ä.png', 'é.png', '日.png']],
    [['A.png', 'a.png', 'B.png', 'b.png']],
  ])('puts %j in this order', (paths) => {
    for (let turn = 0; turn < paths.length; turn++) {
      expect(sortNaturally([...paths.slice(turn), ...paths.slice(0, turn)].reverse())).toEqual(paths);
    }
  });

  it('does not depend on how Unicode composes a name, and keeps both', () => {
    expect(sortNaturally(['f.png', 'e\u0301.png', '\u00e9.png', 'e.png'])).toEqual([
      'e.png',
      'f.png',
      'e\u0301.png',
      '\u00e9.png',
    ]);
  });

  it('is a total order: every order of the same names is sorted alike', () => {
    const names = ['a1', 'A1', 'a01', 'a1/b', 'a1.b', 'a10', 'a', 'a-1', 'a 1', '1', '01', '1a', ''].map(
      (n) => `${n}.png`,
    );
    const sorted = sortNaturally(names);
    for (let turn = 1; turn < names.length; turn++) {
      expect(sortNaturally([...names.slice(turn), ...names.slice(0, turn)])).toEqual(sorted);
    }
  });

  it('sorts a hundred thousand names in a second or two', async () => {
    const names = Array.from({ length: 100_000 }, (_, at) => `shoot/IMG_${(at * 7919) % 100_000}.png`);
    const sorted = await expectSoon(() => sortNaturally(names));
    expect([sorted[2], sorted[10], sorted[99_999]]).toEqual([
      'shoot/IMG_2.png',
      'shoot/IMG_10.png',
      'shoot/IMG_99999.png',
    ]);
  });
});
