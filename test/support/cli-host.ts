/**
 * The program of a process that runs command lines for tests, one after another, and has the command's modules loaded: a run
 * costs its own work, and not half a second of start. Nothing is faked: streams, environment and folder are those of the run,
 * and it ends, as a process does, when nothing keeps the event loop alive.
 */
import process from 'node:process';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { shareEngines } from './share-engines.js';

interface CliRequest {
  /** As `process.argv`. */
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  /** All of standard input. */
  input: string;
}

interface CliAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Longer than any time-out of the program's own that may keep it alive. */
const LONGEST_END_MS = 40_000;

/** A test removes its own folder. */
const home = process.cwd();
const environmentAtStart = { ...process.env };
shareEngines();
const { start } = await import('#src/app/cli/start.js');
await import('#src/app/cli/main.js');
/** What the program sets for itself while it is loaded. */
const ownVariables = Object.entries(process.env).filter(([name, value]) => environmentAtStart[name] !== value);

const enter = (cwd: string, env: Record<string, string>): void => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env, Object.fromEntries(ownVariables));
};

const collect = (): { stream: Writable; text: () => string } => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
};

const countResources = (): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

/** Waits until nothing more keeps the event loop alive than before the run. */
const loopIsEmpty = async (before: ReadonlyMap<string, number>): Promise<void> => {
  for (let waited = 0, wait = 0; ; waited += wait, wait = Math.min(wait + 1, 20)) {
    await sleep(wait);
    const left = [...countResources()].filter(([name, count]) => count > (before.get(name) ?? 0));
    if (left.length === 0) return;
    if (waited > LONGEST_END_MS) throw new Error(`the command did not end: ${left.map(String).join(' ')}`);
  }
};

const run = async ({ argv, cwd, env, input }: CliRequest): Promise<CliAnswer> => {
  const [out, err] = [collect(), collect()];
  const before = countResources();
  let code: number;
  try {
    enter(cwd, env);
    const crash = new Promise<never>((_, reject) => process.once('uncaughtException', reject));
    const ended = start(argv, {
      stdin: Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false }),
      stdout: out.stream,
      stderr: err.stream,
      env: process.env,
      cwd: () => process.cwd(),
      on: () => undefined,
      off: () => undefined,
      kill: (pid, signal) => process.kill(pid, signal),
      exit: (exitCode) => {
        throw new Error(`the command ended its process with ${exitCode}`);
      },
    });
    code = await Promise.race([ended, crash]);
    await Promise.race([loopIsEmpty(before), crash]);
  } catch (thrown) {
    code = 1;
    err.stream.write(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  }
  process.removeAllListeners('uncaughtException');
  process.chdir(home);
  return { code, stdout: out.text(), stderr: err.text() };
};

process.on('message', (request: CliRequest) => {
  void run(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
