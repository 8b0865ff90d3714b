/** Ours on each way, and its peers: those that can run here, and for each of the others why it cannot. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loaderEnvironment } from '../../dist/onnx/libraries/loader-environment.js';
import { engineEnvironment } from '../../dist/run/engine/engine-environment.js';
import { Contestant } from './contestant.mjs';
import { openWay } from './ways.mjs';

const near = (path) => fileURLToPath(new URL(path, import.meta.url));

/** @param note called with a line that belongs to the report @param env more of ours' environment */
export const findOurs = async (ways, folder, note, env = {}) => {
  const ours = [];
  for (const way of ways) {
    const { name, command: flags, target, memory, verdicts } = await openWay(way);
    for (const verdict of verdicts) note(`${name}: ${verdict}`);
    if (target === null) {
      note(`${name} is left out: its device cannot be used.`);
      continue;
    }
    const command = [process.execPath, near('ours.mjs'), folder, JSON.stringify(target), memory];
    const environment = engineEnvironment(await loaderEnvironment(target.family, process.env));
    const contestant = new Contestant(`ours ${name}`, command, { ...environment, ...env });
    ours.push(Object.assign(contestant, { target, mode: memory, flags }));
  }
  return ours;
};

/** Prepared once for a model, in processes that are gone afterwards. */
export const findPeers = async (peers, folder, work, note) => {
  const found = [];
  for (const { name, python } of peers) {
    if (!existsSync(python)) {
      note(`${name} is left out: there is no ${python} (bench/peers/README.md).`);
      continue;
    }
    const peer = new Contestant(name, [python, near('../peers/serve.py'), name, folder, work]);
    try {
      const seconds = await peer.ask('prepare');
      found.push(peer);
      await peer.close();
      note(`${name}: prepared in ${seconds.toFixed(1)} s, with ${peer.memory.resident.toFixed(1)} GB.`);
    } catch (thrown) {
      await peer.close();
      note(`${name} is left out: ${thrown.message}`);
    }
  }
  return found;
};
