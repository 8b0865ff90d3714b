/** `--shard auto`: the part of this process, from the variables in which a scheduler numbers the tasks of an array. */
import { cutText } from '../../io/json/json-text.js';
import { RefineError } from '../../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A shard, and the scheduler that numbered it. */
export interface ScheduledShard {
  /** 1 to `count`. */
  index: number;
  count: number;
  /** `Slurm array: SLURM_ARRAY_TASK_ID=2, …` */
  source: string;
}

/** Place of this process among the tasks of one scheduler. */
interface Place {
  scheduler: string;
  /** 0 to `count` - 1. */
  index: number;
  /** null: the scheduler does not tell. */
  count: number | null;
  /** Variables that were read. */
  variables: readonly string[];
  /** Whether the array may be a part of a larger one, so that its count has to be confirmed. */
  isDoubtful?: boolean;
}

/** The scheduler's place; null: it did not start this process. */
type Scheduler = (read: Reader) => Place | null;

interface Reader {
  /** Whether the variable has a value; an empty one counts as not set. */
  has(name: string): boolean;
  /** @throws SHARD_UNDETERMINED: missing, or not an integer */
  number(name: string): number;
}

/** Every variable that is read, for messages. */
const KNOWN = [
  'JOB_COMPLETION_INDEX',
  'SLURM_ARRAY_TASK_ID',
  'SLURM_ARRAY_TASK_COUNT',
  'SLURM_ARRAY_TASK_MIN',
  'SLURM_ARRAY_TASK_MAX',
  'SLURM_ARRAY_TASK_STEP',
  'SLURM_NTASKS',
  'SLURM_STEP_ID',
  'SLURM_PROCID',
  'SLURM_STEP_NUM_TASKS',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'AWS_BATCH_JOB_ARRAY_SIZE',
  'AZUREML_RUN_ID',
  'RANK',
  'WORLD_SIZE',
  'OMPI_COMM_WORLD_RANK',
  'OMPI_COMM_WORLD_SIZE',
  'BATCH_TASK_INDEX',
  'BATCH_TASK_COUNT',
] as const;

/** An index and a count from 0. */
const plain =
  (scheduler: string, index: string, count: string, mark = index): Scheduler =>
  (read) =>
    read.has(mark) && (read.has(index) || read.has(count))
      ? { scheduler, index: read.number(index), count: read.number(count), variables: [index, count] }
      : null;

/** Kubernetes tells no pod how many completions its Job has. */
const kubernetes: Scheduler = (read) =>
  read.has('JOB_COMPLETION_INDEX')
    ? {
        scheduler: 'Kubernetes Indexed Job',
        index: read.number('JOB_COMPLETION_INDEX'),
        count: null,
        variables: ['JOB_COMPLETION_INDEX'],
      }
    : null;

/**
 * Tasks of an array, those of `srun`, or both: `srun -n 2` in each task of an array of 4 makes 8. A batch script has SLURM_PROCID
 * too, always 0: only `srun` sets SLURM_STEP_ID.
 */
const slurm: Scheduler = (read) => {
  const array = slurmArray(read);
  const step =
    read.has('SLURM_STEP_ID') && read.has('SLURM_PROCID')
      ? {
          scheduler: 'srun',
          index: read.number('SLURM_PROCID'),
          count: read.number('SLURM_STEP_NUM_TASKS'),
          variables: ['SLURM_PROCID', 'SLURM_STEP_NUM_TASKS'],
        }
      : null;
  if (array === null || step === null) return array ?? step;
  if (step.count === 1) return array;
  return {
    ...array,
    scheduler: `${array.scheduler} with srun`,
    index: array.index * step.count + step.index,
    count: array.count * step.count,
    variables: [...array.variables, ...step.variables],
  };
};

const slurmArray = (read: Reader): (Place & { count: number }) | null => {
  if (!read.has('SLURM_ARRAY_TASK_ID')) return null;
  const variables = ['ID', 'COUNT', 'MIN', 'MAX', 'STEP'].map((end) => `SLURM_ARRAY_TASK_${end}`);
  const [id = 0, count = 0, min = 0, max = 0, step = 0] = variables.map((name) => read.number(name));
  if (step < 1 || (max - min) / step + 1 !== count || (id - min) % step !== 0) {
    throw undetermined(
      `Expected the tasks of the Slurm array to have numbers without gaps, found ${count} from ${min} to ${max} in steps of ${step}`,
      'Submit the array as a range, --array=0-7, or give --shard <i>/<n>',
    );
  }
  /* `sbatch --array=3` repeats one task of an earlier array: its variables are those of an array of one. */
  const isDoubtful = count === 1 || min > 1;
  return { scheduler: 'Slurm array', index: (id - min) / step, count, variables, isDoubtful };
};

const SCHEDULERS: readonly Scheduler[] = [
  kubernetes,
  slurm,
  plain('AWS Batch array', 'AWS_BATCH_JOB_ARRAY_INDEX', 'AWS_BATCH_JOB_ARRAY_SIZE'),
  /* RANK alone may be any program's. With `distribution: mpi`, Open MPI's names have the values. */
  (read) =>
    plain('Azure ML', 'RANK', 'WORLD_SIZE', 'AZUREML_RUN_ID')(read) ??
    plain('Azure ML (MPI)', 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'AZUREML_RUN_ID')(read),
  plain('Google Batch', 'BATCH_TASK_INDEX', 'BATCH_TASK_COUNT'),
];

const undetermined = (found: string, remedy: string, context: Record<string, string> = {}): RefineError =>
  new RefineError('SHARD_UNDETERMINED', `${found}. ${remedy}.`, { context });

const readerOf = (env: Environment): Reader => {
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    has: (name) => value(name) !== undefined,
    number: (name) => {
      const text = value(name);
      if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
      const found = text === undefined ? 'it is not set' : `found "${cutText(text, 40)}"`;
      throw undetermined(
        `Expected --shard auto to find an integer in ${name}, ${found} (of the scheduler's variables, there are: ${seenIn(env)})`,
        'Start the command from the scheduler’s own script, or give --shard <i>/<n>',
      );
    },
  };
};

const assignments = (names: readonly string[], env: Environment): string =>
  names.map((name) => `${name}=${cutText(env[name] ?? '', 40)}`).join(', ');

/** Variables of schedulers that are set, with their values. */
const seenIn = (env: Environment): string =>
  assignments(
    KNOWN.filter((name) => (env[name] ?? '') !== ''),
    env,
  ) || 'none';

/**
 * @param count from `--shard auto/<n>`; null: the scheduler's own
 * @throws SHARD_UNDETERMINED: no scheduler, several that differ, no count, an index outside it, or values that are no numbers
 */
export const findScheduledShard = (env: Environment, count: number | null): ScheduledShard => {
  const read = readerOf(env);
  const places = SCHEDULERS.map((scheduler) => scheduler(read)).filter((place) => place !== null);
  const [place] = places;
  if (place === undefined) {
    throw undetermined(
      `Expected --shard auto to find the task's number in a variable of Kubernetes (Indexed Job), Slurm (array or srun), AWS Batch (array), Azure ML (RANK) or Google Batch, found ${seenIn(env)}`,
      'Start the command as such a task, or give --shard <i>/<n>',
    );
  }
  const textOf = ({ scheduler, variables }: Place): string => `${scheduler}: ${assignments(variables, env)}`;
  const counts = new Set(places.map((found) => found.count).filter((found) => found !== null));
  if (counts.size > 1 || places.some(({ index }) => index !== place.index)) {
    throw undetermined(
      `Expected --shard auto to find one scheduler, found several that number this task differently: ${places.map(textOf).join('; ')}`,
      'Unset the variables that do not apply, or give --shard <i>/<n>',
    );
  }
  const [told = null] = counts;
  const total = count ?? told;
  const source = places.map(textOf).join('; ');
  if (total === null) {
    throw undetermined(
      `Expected the number of all tasks, found only this task's (${source})`,
      'Give it with the option: --shard auto/8, for a Job with completions: 8',
    );
  }
  if (count !== null && told !== null && told !== count) {
    throw undetermined(
      `Expected ${count} tasks, as --shard auto/${count} says, found ${told} (${source})`,
      `Give --shard auto/${told} if the scheduler runs the whole run; to repeat one task of ${count}, give its --shard <i>/${count}`,
    );
  }
  if (count === null && places.some(({ isDoubtful }) => isDoubtful === true)) {
    throw undetermined(
      `Expected a whole array, found what may be a part of one (${source})`,
      `Give --shard auto/${total} if it is whole; to repeat one task of an earlier array, give its --shard <i>/<n>`,
    );
  }
  if (place.index >= total || total > MAX_SHARDS) {
    throw undetermined(
      `Expected a task's number below the number of all ${total} tasks, and at most ${MAX_SHARDS} of them, found ${place.index} (${source})`,
      'Correct the size of the array, or the number in --shard auto/<n>',
    );
  }
  return { index: place.index + 1, count: total, source };
};

/** As of `--shard <i>/<n>`. */
const MAX_SHARDS = 999_999;
