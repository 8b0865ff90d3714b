'use strict';
/* Required by the processes of a run (holding-engine.ts): its engine stops itself, as by SIGSTOP, at its start or in the middle of rows. */
const process = require('node:process');

if (process.argv[1]?.endsWith('start-child.js')) {
  const { steps, step, rows } = JSON.parse(process.env.HOLD_ENGINE);
  const stop = () => process.kill(process.pid, 'SIGSTOP');
  const begun = new Set();
  const send = process.send.bind(process);
  process.send = function (message, ...rest) {
    const isSent = send(message, ...rest);
    if (message.kind === 'refined') begun.delete(message.id);
    if (message.kind === 'progress' && message.steps >= steps && message.step === step) {
      begun.add(message.id);
      /* The message is on its way first. */
      if (begun.size === rows) setImmediate(stop);
    }
    return isSent;
  };
  if (steps === 0) stop();
}
