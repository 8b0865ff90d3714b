/**
 * Ours and its peers at full size, in turn in one run, so that what else the machine does meets both. docs/performance.md.
 *
 *   npm run bench -- [--gpu] [--base] [--quick] [--only open,unet-512,…] [--runs 3] [--batch-runs 1] [--pictures 3] [--profile]
 *                    [--ways fp32,fp32-fast,int8,int8-fast,cuda-fp16,cuda-fp32,webgpu-fp16; of whole pictures also exact,deepcache,balanced,fast]
 *                    [--peers diffusers,diffusers-bf16,torch-compile,openvino,openvino-default,openvino-int8,optimum-onnx,stable-diffusion.cpp,
 *                             diffusers-cuda,torch-compile-cuda] [--together] [--report <file>]
 *                    [--folder <folder>] [--model <model>] [--work <folder>] [--python <python>] [--python-optimum <python>]
 */
import { writeFileSync } from 'node:fs';
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

const kind = options.base ? 'base' : 'refiner';
const folder = options.model ?? (await makeModel(kind, options.folder ?? defaultFolder(kind), say));
/* Without it a kernel's time is that of its launch. */
const ours = await findOurs(options.ways, folder, note, options.profile ? { CUDA_LAUNCH_BLOCKING: '1' } : {});
const peers = await findPeers(options.peers, folder, options.work ?? `${folder}-peers`, note);
const results = [];

/** @returns entries { name, values, error, memory } in the results, to be filled */
const record = (measure, all, write = span) => {
  const entries = all.map(({ name }) => ({ name, values: [] }));
  results.push({ measure, ours: entries.slice(0, ours.length), peers: entries.slice(ours.length), write });
  return entries;
};

/** Once each in turn, `count` times, into new entries. A contestant that fails is left out of the rest. */
const inTurn = async (label, all, count, measure, write = span) => {
  const entries = record(label, all, write);
  for (let run = 0; run < count; run++) {
    for (const [index, one] of all.entries()) {
      const entry = entries[index];
      if (entry.error !== undefined) continue;
      try {
        entry.values.push(await measure(one, index));
        say(`  ${one.name}: ${write([entry.values.at(-1)])}`);
      } catch (thrown) {
        entry.error = thrown.message.split('\n')[0];
        say(`  ${one.name}: ${entry.error}`);
      }
      await one.close();
      entry.memory = one.memory;
      saveReport();
    }
  }
  return entries;
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
    await inTurn(OPEN.label, all, runs, (one) => one.ask('open'));
  }
  for (const call of CALLS.filter(wanted)) {
    say(` ${call.label}`);
    await inTurn(call.label, all, runs, (one) => timeCall(one, call));
  }
  if (wanted(BATCH)) await compareBatch(all);
  for (const job of RATES.filter(wanted)) {
    say(` ${job.label}`);
    const secondsEach = async (one) => {
      const { times } = await timePictures(one, job);
      return (times.at(-1) - times[job.batchSize - 1]) / (job.rows - job.batchSize);
    };
    await inTurn(job.label, all, batchRuns, secondsEach, rate);
  }
};

const compareBatch = async (all) => {
  const job = { ...BATCH, rows: Number(options.pictures) };
  const whole = `${BATCH.all}${job.rows}`;
  say(` ${whole}`);
  const firsts = record(BATCH.first, all);
  const entries = await inTurn(whole, all, batchRuns, async (one, index) => {
    const { times, all: seconds } = await timePictures(one, job);
    firsts[index].values.push(times[0]);
    return seconds;
  });
  for (const [index, { error }] of entries.entries()) firsts[index].error = error;
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

/** @returns what was found so far */
const reportOf = (lines) =>
  [machineLine([...ours, ...peers]), ...(notes.length === 0 ? [] : ['', ...notes]), ...lines].join('\n');
const tables = () => ['', ...timeTable(results), '', ...memoryTable(results)];
const saveReport = () => {
  if (options.report !== undefined) writeFileSync(options.report, `${reportOf(tables())}\n`);
};

const measureAll = async () => {
  /* On a CPU each peer has turns of its own: the weights of all would drive each other out of the file cache. */
  const blocks = options.gpu || options.together ? [peers] : peers.map((peer) => [peer]);
  for (const block of blocks.length === 0 ? [[]] : blocks) await compare(block);
  return tables();
};

if (ours.length + peers.length === 0) {
  say('None of the ways and peers can run here.');
  process.exit(1);
}
deviceMemory.start();
const lines = await (options.profile ? profile() : measureAll());
deviceMemory.end();
console.log(reportOf(lines));
