/**
 * A disk that fails, and processes that are killed, below the process: at a call on the output folder that is counted
 * beforehand. A sample of the calls; every one of them: bench/crash.mjs.
 */
import { callsOf, FORMS, strike } from '../support/crash.js';
import { SCENARIOS, setStage, type Stage } from '../support/crash-stage.js';
import { compileShim, type Form } from '../support/fault-shim.js';
import { shakenCommand } from '../support/shaken-command.js';
import { skipWhere } from '../support/skip-where.js';
import { orderFaults } from '../support/write-order.js';

const shim = compileShim();
const { describe: describeWithShim } = skipWhere('missing' in shim ? shim.missing : null);

/** Calls that the run must make, or the shim does not see them. */
const CALLS = ['close', 'create', 'fdatasync', 'fsync', 'link', 'mkdir', 'open', 'rename', 'unlink', 'write'];

/** Some calls all over the run. */
const spread = (stage: Stage, form: Form, count: number): number[] => {
  const { length } = callsOf(stage, FORMS[form]);
  return Array.from(
    { length: Math.min(count, length) },
    (_, index) => 1 + Math.floor(((index + 0.5) * length) / count),
  );
};

/** The last call of each kind: what comes late has most to lose. */
const ofEachKind = (stage: Stage): number[] => [
  ...new Map(callsOf(stage, []).map(({ call }, index) => [call, index + 1])).values(),
];

describeWithShim('a run whose disk fails', () => {
  const command = shakenCommand('path' in shim ? shim.path : '');
  afterAll(() => {
    command.close();
  });

  it('writes what a line promises before the line, with its names', async () => {
    const stage = await setStage(SCENARIOS[0]!, command);
    expect([...new Set(callsOf(stage, []).map(({ call }) => call))].sort()).toEqual(expect.arrayContaining(CALLS));
    expect(orderFaults(stage.notes, `${stage.disk}/o`)).toEqual([]);
  });

  /** When the results have their last form, and nothing says so yet. */
  const onceSettled = (stage: Stage): number[] =>
    callsOf(stage, []).flatMap(({ to }, index) => (to.endsWith('/results.jsonl') ? [index + 1] : []));

  const strikeAll = async (stage: Stage, blows: readonly (readonly [Form, readonly number[]])[]): Promise<string[]> => {
    const faults: string[] = [];
    for (const [form, ats] of blows) {
      for (const at of ats) faults.push(...(await strike(stage, { calls: FORMS[form], at, form }, command)).faults);
    }
    return faults;
  };

  it('loses nothing, whatever fails', async () => {
    const stage = await setStage(SCENARIOS[1]!, command);
    const spreads = (['ENOSPC', 'EXDEV', 'EPERM', 'short', 'after'] as const).map(
      (form) => [form, spread(stage, form, 1)] as const,
    );
    expect(await strikeAll(stage, [['EIO', ofEachKind(stage)], ...spreads])).toEqual([]);
  }, 300_000);

  it.each(SCENARIOS)(
    'loses nothing: $name',
    async (scenario) => {
      const stage = await setStage(scenario, command);
      const blows = [
        ['EIO', spread(stage, 'EIO', 3)],
        ['ever EIO', spread(stage, 'ever EIO', 1)],
        ['ever ENOSPC', spread(stage, 'ever ENOSPC', 1)],
        ['before', spread(stage, 'before', 2)],
        ['after', onceSettled(stage)],
      ] as const;
      expect(await strikeAll(stage, blows)).toEqual([]);
    },
    300_000,
  );
});
