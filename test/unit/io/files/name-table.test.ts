import { createNameTable, keyOf } from '#src/io/files/name-table.js';

it.each([
  ['in memory', 1e6],
  ['in a file', 100],
  ['first in memory, then in a file', 4096],
])('%s, has each name’s last value, and none for others', (_, slotsInMemory) => {
  const table = createNameTable(slotsInMemory);
  const names = Array.from({ length: 5000 }, (__, index) => `name ${index}`);
  names.forEach((name, index) => {
    const key = keyOf(name);
    expect(table.get(key)).toBeUndefined();
    table.set(key, index);
  });
  table.set(keyOf('name 7'), 2 ** 47);
  expect(names.map((name) => table.get(keyOf(name)))).toEqual(
    names.map((__, index) => (index === 7 ? 2 ** 47 : index)),
  );
  expect(table.get(keyOf('name 5000'))).toBeUndefined();
  table.close();
});

it('sets a name whose free slot another name took since it was looked up', () => {
  const table = createNameTable(0);
  const keys = Array.from({ length: 700 }, (_, index) => keyOf(`${index}`));
  for (const key of keys) table.get(key);
  const [first, ...rest] = keys;
  table.get(first!);
  rest.forEach((key, index) => {
    table.set(key, index + 1);
  });
  table.set(first!, 0);
  expect(keys.map((key) => table.get(key))).toEqual(keys.map((_, index) => index));
  table.close();
});

it('grows in its file', () => {
  const table = createNameTable(0);
  const count = 200_000;
  for (let index = 0; index < count; index++) table.set(keyOf(`${index}`), index);
  for (let index = 0; index < count; index += 97) expect(table.get(keyOf(`${index}`))).toBe(index);
  expect(table.get(keyOf('-1'))).toBeUndefined();
  table.close();
});
