import { once, onceEach } from '#src/diffusion/pipeline/once.js';

it('once: callers at the same time and later ones get what the first call makes', async () => {
  let calls = 0;
  const make = once(() => Promise.resolve({ number: ++calls }));
  const [first, second] = await Promise.all([make(), make()]);
  expect(first).toEqual({ number: 1 });
  expect(second).toBe(first);
  expect(await make()).toBe(first);
});

it('onceEach: one value for each argument, compared by its contents', async () => {
  const made: object[] = [];
  const make = onceEach((form: { freeU?: boolean }) => {
    made.push(form);
    return Promise.resolve({ form });
  });
  const [plain, again, free] = await Promise.all([make({}), make({}), make({ freeU: true })]);
  expect(again).toBe(plain);
  expect(free).not.toBe(plain);
  expect(made).toEqual([{}, { freeU: true }]);
});
