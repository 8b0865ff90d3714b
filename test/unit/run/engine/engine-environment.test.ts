import { engineEnvironment } from '#src/run/engine/engine-environment.js';

it('sets glibc tunables that keep freed memory, in huge pages', () => {
  const { GLIBC_TUNABLES: tunables, ...rest } = engineEnvironment({ HOME: '/home/me' });
  expect(rest).toEqual({ HOME: '/home/me' });
  expect(tunables).toMatch(/^(glibc\.malloc\.\w+=\d+(:|$))+$/);
  expect(tunables).toContain('glibc.malloc.hugetlb=1');
});

it("the user's own tunables win", () => {
  const own = { GLIBC_TUNABLES: 'glibc.malloc.check=1' };
  expect(engineEnvironment(own)).toEqual(own);
});
