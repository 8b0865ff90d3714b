/**
 * Ours and its peers at full size, in turn in one run, so that what else the machine does meets both. docs/performance.md.
 *
 *   npm run bench -- [--gpu] [--quick] [--only open,unet-512,…] [--runs 3] [--batch-runs 1] [--pictures 3] [--profile]
 *                    [--ways fp32,fp32-fast,int8,int8-fast,cuda-fp16,cuda-fp32,webgpu-fp16; of whole pictures also exact,deepcache,balanced,fast]
 *                    [--peers diffusers,diffusers-bf16,torch-compile,openvino,openvino-default,optimum-onnx,diffusers-cuda,torch-compile-cuda]
 *                    [--folder <folder>] [--model <model>] [--work <folder>] [--python <python>] [--python-optimum <python>]
 */
import { findOurs, findPeers } from './contestants.mjs';
import { deviceMemory } from './device-memory.mjs';
import { defaultFolder, makeModel } from './make-model.mjs';
import { BATCH, CALLS, OPEN, RATES } from './measures.mjs';
import { readOptions } from './options.mjs';
import { ourPictures, peerPictures } from './pictures.mjs';
import { machineLine, median, memoryTable, profileTable, rate, span, timeTable } from './report.mjs';

/** Short calls, as on a GPU, are repeated: their median is one figure. */
const [LEAST_SECONDS, MOST_CALLS] = [1, 20];

const options = readOptions();
const { runs, batchRuns } = options;
const wanted = ({ name }) => options.only.includes(name);
const notes = [];
const say = (line) => console.error(line);
const note = (line) => {
  say(line);
  notes.push(`- ${line}`);
};

const folder = options.model ?? (await makeModel(options.folder ?? defaultFolder(), say));
/* Without it a kernel's time is that of its launch. */
const ours = await findOurs(options.ways, folder, note, options.profile ? { CUDA_LAUNCH_BLOCKING: '1' } : {});
const peers = await findPeers(options.peers, folder, options.work ?? `${folder}-peers`, note);
const results = [];
const memories = [];

/** Once each in turn, `count` times. A contestant that fails is left out of the rest. @returns { values, error } each */
const inTurn = async (contestants, count, measure, write = span) => {
  const found = new Map(contestants.map((one) => [one, { name: one.name, values: [] }]));
  for (let run = 0; run < count; run++) {
    for (const [one, entry] of found) {
      if (entry.error !== undefined) continue;
      try {
        entry.values.push(await measure(one));
        say(`  ${one.name}: ${write([entry.values.at(-1)])}`);
      } catch (thrown) {
        entry.error = thrown.message.split('\n')[0];
        say(`  ${one.name}: ${entry.error}`);
      }
      await one.close();
    }
  }
  return [...found.values()];
};

const record = (measure, entries, write) => {
  const own = entries.filter((_, index) => index < ours.length);
  results.push({ measure, ours: own, peers: entries.slice(ours.length), write });
};
const remember = (measure, all, entries) => {
  const whole = all.filter((_, index) => entries[index].error === undefined);
  memories.push(...whole.map(({ name, memory }) => ({ measure, name, ...memory })));
};

/** Alone in memory, and after a call that is not counted. */
const timeCall = async (one, { part, op, side, pictures }) => {
  const request = { side, pictures };
  await one.ask('open', { parts: [part], side });
  await one.ask(op, request);
  const calls = [];
  for (let spent = 0; spent < LEAST_SECONDS && calls.length < MOST_CALLS; spent += calls.at(-1)) {
    calls.push(await one.ask(op, request));
  }
  return median(calls);
};

const timePictures = async (one, job) => {
  const found = await (ours.includes(one) ? ourPictures(folder, one, job) : peerPictures(one, job));
  one.memory = found.memory;
  return found;
};

/** Ours against some peers, or alone where there is none. */
const compare = async (some) => {
  const all = [...ours, ...some];
  say(`\n${some.length === 0 ? 'ours alone' : some.map(({ name }) => name).join(', ')}`);
  if (wanted(OPEN)) {
    say(` ${OPEN.label}`);
    record(OPEN.label, await inTurn(all, runs, (one) => one.ask('open')));
  }
  for (const call of CALLS.filter(wanted)) {
    say(` ${call.label}`);
    const entries = await inTurn(all, runs, (one) => timeCall(one, call));
    record(call.label, entries);
    remember(call.label, all, entries);
  }
  if (wanted(BATCH)) await compareBatch(all);
  for (const job of RATES.filter(wanted)) {
    say(` ${job.label}`);
    const secondsEach = async (one) => {
      const { times } = await timePictures(one, job);
      return (times.at(-1) - times[job.batchSize - 1]) / (job.rows - job.batchSize);
    };
    const entries = await inTurn(all, batchRuns, secondsEach, rate);
    record(job.label, entries, rate);
    remember(job.label, all, entries);
  }
};

const compareBatch = async (all) => {
  const job = { ...BATCH, rows: Number(options.pictures) };
  const whole = `${BATCH.all}${job.rows}`;
  say(` ${whole}`);
  const firsts = new Map(all.map((one) => [one, []]));
  const entries = await inTurn(all, batchRuns, async (one) => {
    const { times, all: seconds } = await timePictures(one, job);
    firsts.get(one).push(times[0]);
    return seconds;
  });
  record(
    BATCH.first,
    entries.map((entry, index) => ({ ...entry, values: firsts.get(all[index]) })),
  );
  record(whole, entries);
  remember(whole, all, entries);
};

/** @returns lines */
const profile = async () => {
  const lines = [];
  for (const one of ours) {
    for (const { label, op, side, pictures } of CALLS.filter(wanted)) {
      const title = `${one.name}, ${label}`;
      say(title);
      try {
        await one.ask('open', { profiles: true });
        const { profile: found } = await one.facts('profile', { of: op, side, pictures });
        lines.push('', ...profileTable(title, found));
      } catch (thrown) {
        lines.push('', `${title}: ${thrown.message}`);
      }
      await one.close();
    }
  }
  return lines;
};

const tables = async () => {
  if (options.profile) return profile();
  /* On a CPU each peer has turns of its own: the weights of all would drive each other out of the file cache. */
  const blocks = options.gpu ? [peers] : peers.map((peer) => [peer]);
  for (const block of blocks.length === 0 ? [[]] : blocks) await compare(block);
  return ['', ...timeTable(results), '', ...memoryTable(memories)];
};

if (ours.length + peers.length === 0) {
  say('None of the ways and peers can run here.');
  process.exit(1);
}
deviceMemory.start();
const lines = await tables();
deviceMemory.end();
console.log([machineLine([...ours, ...peers]), ...(notes.length === 0 ? [] : ['', ...notes]), ...lines].join('\n'));
