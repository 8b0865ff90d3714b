/**
 * Ours and its peers at full size, in turn in one run, so that what else the machine does meets both. docs/performance.md.
 *
 *   npm run bench -- [--quick] [--only open,unet-512,…] [--peers diffusers,torch-compile,openvino,optimum-onnx]
 *                    [--runs 3] [--batch-runs 1] [--ways fp32,fp32-fast,int8,int8-fast] [--folder <model>] [--work <folder>]
 *                    [--python <python>] [--python-optimum <python>]
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engineEnvironment } from '../../dist/run/engine/engine-environment.js';
import { Contestant } from './contestant.mjs';
import { defaultFolder, makeModel } from './make-model.mjs';
import { BATCH, CALLS, OPEN, ourBatch, peerBatch } from './measures.mjs';
import { machineLine, memoryTable, timeTable } from './report.mjs';

const near = (path) => fileURLToPath(new URL(path, import.meta.url));
const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: text('diffusers,torch-compile,openvino,optimum-onnx'),
    runs: text('3'),
    'batch-runs': text('1'),
    /** `--precision`, and `--cache-weights` where it ends in `-fast`. */
    ways: text('fp32,int8'),
    folder: text(defaultFolder()),
    work: { type: 'string' },
    python: text(near('../peers/.venv/bin/python')),
    'python-optimum': text(near('../peers/.venv-optimum/bin/python')),
  },
});
const [runs, batchRuns] = [Number(values.runs), Number(values['batch-runs'])];
const only = values.only?.split(',') ?? (values.quick ? ['open', 'unet-512'] : null);
const wanted = ({ name }) => only === null || only.includes(name);
const say = (line) => console.error(line);

const folder = await makeModel(values.folder, say);
const work = values.work ?? `${folder}-peers`;
const ours = values.ways.split(',').map((way) => {
  const [precision, memory = 'lean'] = way.split('-');
  const command = [process.execPath, near('ours.mjs'), folder, precision, memory];
  const contestant = new Contestant(`ours ${way}`, command, engineEnvironment(process.env));
  return Object.assign(contestant, { precision, mode: memory });
});
const pythonOf = (name) => (name === 'optimum-onnx' ? values['python-optimum'] : values.python);
const peers = values.peers
  .split(',')
  .filter((name) => {
    const found = existsSync(pythonOf(name));
    if (!found) say(`${name} is left out: there is no ${pythonOf(name)} (bench/peers/README.md).`);
    return found;
  })
  .map((name) => new Contestant(name, [pythonOf(name), near('../peers/serve.py'), name, folder, work]));

const results = [];
const memories = [];

/** Once each in turn, `count` times. A contestant that fails is left out of the rest. @returns { values, error } each */
const inTurn = async (contestants, count, measure) => {
  const found = new Map(contestants.map((one) => [one, { name: one.name, values: [] }]));
  for (let run = 0; run < count; run++) {
    for (const [one, entry] of found) {
      if (entry.error !== undefined) continue;
      try {
        entry.values.push(await measure(one));
        say(`  ${one.name}: ${entry.values.at(-1).toFixed(2)} s`);
      } catch (thrown) {
        entry.error = thrown.message.split('\n')[0];
        say(`  ${one.name}: ${entry.error}`);
      }
    }
  }
  return [...found.values()];
};

const record = (measure, entries, peer) => {
  const own = entries.slice(0, ours.length);
  results.push({ measure, ours: own, peer: peer === null ? null : entries.at(-1) });
};
const remember = (measure, one) => memories.push({ measure, name: one.name, ...one.memory });

/** Ours against one peer, or alone where there is none. */
const compare = async (peer) => {
  const all = peer === null ? ours : [...ours, peer];
  say(`\n${peer?.name ?? 'ours alone'}`);
  if (peer !== null) await prepare(peer);
  if (wanted(OPEN)) {
    say(` ${OPEN.label}`);
    const open = async (one) => {
      const seconds = await one.ask('open');
      await one.close();
      return seconds;
    };
    record(OPEN.label, await inTurn(all, runs, open), peer);
  }
  for (const part of ['text', 'unet', 'vae']) {
    const calls = CALLS.filter((call) => call.part === part && wanted(call));
    for (const { label, op, side } of calls) {
      say(` ${label}`);
      const request = side === undefined ? {} : { side };
      /* Alone in memory, and after a call that is not counted. */
      const call = async (one) => {
        await one.ask('open', { parts: [part], ...request });
        await one.ask(op, request);
        const seconds = await one.ask(op, request);
        await one.close();
        return seconds;
      };
      record(label, await inTurn(all, runs, call), peer);
      for (const one of all) remember(label, one);
    }
  }
  if (wanted(BATCH)) await compareBatch(peer, all);
};

const compareBatch = async (peer, all) => {
  say(` ${BATCH.all}`);
  const firsts = new Map(all.map((one) => [one, []]));
  const batch = async (one) => {
    const { first, all: whole, memory } = await (one === peer ? peerBatch(peer) : ourBatch(folder, one));
    firsts.get(one).push(first);
    one.memory = memory;
    return whole;
  };
  const entries = await inTurn(all, batchRuns, batch);
  record(
    BATCH.first,
    entries.map((entry, index) => ({ ...entry, values: firsts.get(all[index]) })),
    peer,
  );
  record(BATCH.all, entries, peer);
  for (const one of all) {
    await one.close();
    remember(BATCH.all, one);
  }
};

/** What a peer does once for a model, in a process that is gone afterwards. */
const prepare = async (peer) => {
  try {
    const seconds = await peer.ask('prepare');
    await peer.close();
    say(` prepared in ${seconds.toFixed(1)} s, with ${peer.memory.resident.toFixed(1)} GB`);
  } catch (thrown) {
    say(` ${peer.name} could not be prepared: ${thrown.message}`);
  }
};

for (const peer of peers.length === 0 ? [null] : peers) await compare(peer);
const lines = [machineLine([...ours, ...peers]), '', ...timeTable(results), '', ...memoryTable(memories)];
console.log(lines.join('\n'));
