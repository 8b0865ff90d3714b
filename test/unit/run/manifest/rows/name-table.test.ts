import { createNameTable } from '#src/run/manifest/rows/name-table.js';

it.each([
  ['in memory', 1e6],
  ['in a file', 100],
])('%s, has each name’s last value, and none for others', (_, mostInMemory) => {
  const table = createNameTable(mostInMemory);
  const names = Array.from({ length: 5000 }, (__, index) => `name ${index}`);
  names.forEach((name, index) => {
    expect(table.get(name)).toBeUndefined();
    table.set(name, index);
  });
  table.set('name 7', 2 ** 47);
  expect(names.map((name) => table.get(name))).toEqual(names.map((__, index) => (index === 7 ? 2 ** 47 : index)));
  expect(table.get('name 5000')).toBeUndefined();
  table.close();
});

it('grows in its file, twice and more', () => {
  const table = createNameTable(0, 1024);
  const count = 40_000;
  for (let index = 0; index < count; index++) table.set(`${index}`, index);
  for (let index = 0; index < count; index += 97) expect(table.get(`${index}`)).toBe(index);
  expect(table.get('-1')).toBeUndefined();
  table.close();
});
