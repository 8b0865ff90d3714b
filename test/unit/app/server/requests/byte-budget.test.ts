import { ByteBudget } from '#src/app/server/requests/byte-budget.js';

const busy = expect.objectContaining({ code: 'SERVER_BUSY', message: expect.stringContaining('--bodies-limit') });

it('bounds what all requests hold, and has room again when one is over', () => {
  const budget = new ByteBudget(10);
  const [first, second] = [budget.share(), budget.share()];
  first.take(6);
  second.take(4);
  expect(() => {
    second.take(1);
  }).toThrow(busy);
  expect(() => {
    budget.share().expect(1);
  }).toThrow(busy);
  first.release();
  expect(budget.held).toBe(4);
  second.take(6);
  second.release();
  second.release();
  expect(budget.held).toBe(0);
});

it('what is done counts even beyond the limit, and new requests come back later', () => {
  const budget = new ByteBudget(10);
  const [first, second] = [budget.share(), budget.share()];
  first.take(6);
  first.add(8);
  expect(budget.held).toBe(14);
  expect(() => {
    second.take(1);
  }).toThrow(busy);
  first.release();
  second.take(10);
  expect(budget.held).toBe(10);
});

it('counts nothing of a request that is over', () => {
  const budget = new ByteBudget(10);
  const share = budget.share();
  share.release();
  share.take(8);
  share.take(80);
  share.add(8);
  expect(budget.held).toBe(0);
});
