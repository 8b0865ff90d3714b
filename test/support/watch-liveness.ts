/** Asks a server again and again whether it lives, from a thread that nothing else holds up. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const ASK = `
const { parentPort, workerData: url } = require('node:worker_threads');
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
const ask = () => new Promise((resolve, reject) => {
  http.get(url, { agent }, (answer) => { answer.resume(); answer.on('end', resolve); }).on('error', reject);
});
let isOver = false;
parentPort.once('message', () => { isOver = true; });
(async () => {
  let longest = 0;
  await ask();
  parentPort.postMessage('asking');
  while (!isOver) {
    const asked = performance.now();
    await ask();
    longest = Math.max(longest, performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  parentPort.postMessage(longest);
  agent.destroy();
})();
`;

/** @returns the longest that an answer took while the work went on, in ms, and what the work gave */
export const watchLiveness = async <T>(
  url: string,
  work: () => Promise<T>,
): Promise<{ longest: number; result: T }> => {
  const worker = new Worker(ASK, { eval: true, workerData: url });
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
