/** Milliseconds by operator, by ONNX Runtime's profiler. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from '#onnxruntime-node';

/** Sessions that are opened from now on are profiled. @returns a function that ends it and gives `lastRun` of the busiest */
export const profileSessions = () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-profile-'));
  const sessions = [];
  const create = InferenceSession.create.bind(InferenceSession);
  InferenceSession.create = async (model, options) => {
    const prefix = join(folder, `${sessions.length}`);
    const session = create(model, { ...options, enableProfiling: true, profileFilePrefix: prefix });
    sessions.push(session);
    return session;
  };
  return async () => {
    for (const session of sessions) end(await session);
    const profiles = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
    rmSync(folder, { recursive: true });
    const busiest = profiles.map((events) => ({ events, runs: events.filter(isRun) }));
    return lastRun(busiest.toSorted((one, other) => other.runs.length - one.runs.length)[0]);
  };
};

const end = (session) => {
  try {
    session.endProfiling();
  } catch {
    /* It was closed, which has ended it. */
  }
};

const isRun = ({ name }) => name === 'model_run';

/** @returns { ms, operators: [{ operator, provider, count, ms }] }, the slowest first */
const lastRun = ({ events, runs }) => {
  const { ts: start, dur: length } = runs.at(-1);
  const operators = new Map();
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < start || ts > start + length) continue;
    const [operator, provider] = [args.op_name, args.provider.replace('ExecutionProvider', '')];
    const key = `${operator} ${provider}`;
    const { count, ms } = operators.get(key) ?? { count: 0, ms: 0 };
    operators.set(key, { operator, provider, count: count + 1, ms: ms + dur / 1000 });
  }
  return { ms: length / 1000, operators: [...operators.values()].sort((one, other) => other.ms - one.ms) };
};
