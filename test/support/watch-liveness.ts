/**
 * Asks a server again and again whether it lives, from a thread that nothing else holds up. Time in which the kernel let either of
 * both threads wait for a processor, because other programs had them, is not counted (Linux; elsewhere it is).
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Serving } from './serve.js';

const ASK = `
const { parentPort, workerData: { url, pid } } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
const ask = () => new Promise((resolve, reject) => {
  http.get(url, { agent }, (answer) => { answer.resume(); answer.on('end', resolve); }).on('error', reject);
});
/* proc(5), schedstat: nanoseconds on a processor, then of waiting for one. */
const waited = (path) => {
  try { return Number(readFileSync(path, 'latin1').split(' ')[1]) / 1e6; } catch { return 0; }
};
const bothWaited = () => waited('/proc/thread-self/schedstat') + waited(\`/proc/\${pid}/task/\${pid}/schedstat\`);
let isOver = false;
parentPort.once('message', () => { isOver = true; });
(async () => {
  let longest = 0;
  await ask();
  parentPort.postMessage('asking');
  while (!isOver) {
    const [asked, waitedBefore] = [performance.now(), bothWaited()];
    await ask();
    longest = Math.max(longest, performance.now() - asked - (bothWaited() - waitedBefore));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  parentPort.postMessage(longest);
  agent.destroy();
})();
`;

/** @returns the longest that an answer took while the work went on, in ms, and what the work gave */
export const watchLiveness = async <T>(
  { url, pid }: Pick<Serving, 'url' | 'pid'>,
  work: () => Promise<T>,
): Promise<{ longest: number; result: T }> => {
  const worker = new Worker(ASK, { eval: true, workerData: { url, pid } });
  try {
    await once(worker, 'message');
    const result = await work();
    const told = once(worker, 'message');
    worker.postMessage('stop');
    const [longest] = (await told) as [number];
    return { longest, result };
  } finally {
    await worker.terminate();
  }
};
