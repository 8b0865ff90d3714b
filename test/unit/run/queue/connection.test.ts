/** A broker that disconnects, comes back, or gives an unexpected answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerConnection } from '#src/run/queue/broker/connection.js';
import { waitFor } from '../../../support/processes.js';

const open: BrokerConnection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});
const connect = async (patienceMs: number): Promise<BrokerConnection> => {
  const connection = new BrokerConnection('redis://h', patienceMs, patienceMs);
  open.push(connection);
  await connection.call(() => Promise.resolve());
  return connection;
};
const gone = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

describe('the connection to a broker', () => {
  it('is not given up if the broker came back, though nothing is asked of it', async () => {
    const [back, away] = [await connect(700), await connect(700)];
    back.watch(() => Promise.resolve());
    away.watch(() => Promise.reject(gone));
    for (const connection of [back, away]) connection.onError(gone);
    await waitFor('both', () => away.lost.aborted && back.returns > 0);
    expect(back.lost.aborted).toBe(false);
    expect(back.returns).toBe(1);
    expect(away.lost.reason).toMatchObject({ code: 'QUEUE_UNREACHABLE', message: expect.stringMatching('come back') });
  });

  it('is asked for once more when this process was suspended for longer than it waits', async () => {
    const connection = await connect(800);
    connection.watch(() => sleep(20));
    connection.onError(gone);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    await waitFor('an answer', () => connection.lost.aborted || connection.returns === 1);
    expect(connection.lost.aborted).toBe(false);
  });

  it('waits for memory, but not for ever, while the broker answers others', async () => {
    const connection = await connect(300);
    connection.watch(() => Promise.resolve());
    const refusal = new Error("OOM command not allowed when used memory > 'maxmemory'.");
    let tries = 0;
    await expect(connection.call(() => Promise.reject(tries++ < 1 ? refusal : gone))).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
    });
    expect(tries).toBeGreaterThan(1);
    const full = await connect(300);
    await expect(full.call(() => Promise.reject(refusal))).rejects.toThrow(/no memory for more.*maxmemory/);
  });

  it('says what the broker said, and passes on lost locks and bugs as they are', async () => {
    const connection = await connect(300);
    const call = (thrown: Error): Promise<never> => connection.call(() => Promise.reject(thrown));
    await expect(call(new Error('Redis version needs to be greater or equal than 5.0.0'))).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
      message: expect.stringMatching('redis://h.*5.0.0'),
    });
    const [lock, bug] = [new Error('Missing lock for job 1. moveToFinished'), new TypeError('x is undefined')];
    await expect(call(lock)).rejects.toBe(lock);
    await expect(call(bug)).rejects.toBe(bug);
  });
});
