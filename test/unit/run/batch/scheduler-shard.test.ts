/** Variables as the schedulers' documentation has them; those of Slurm as an array of Slurm 22.05 had them. */
import { findScheduledShard } from '#src/run/batch/scheduler-shard.js';

const slurm = (id: number, min: number, max: number, step = 1, count = (max - min) / step + 1) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_STEP: `${step}`,
  /* Of every batch script. */
  SLURM_PROCID: '0',
});
const srun = (task: number, count: number) => ({
  SLURM_STEP_ID: '0',
  SLURM_PROCID: `${task}`,
  SLURM_STEP_NUM_TASKS: `${count}`,
});
const aws = { AWS_BATCH_JOB_ARRAY_INDEX: '9', AWS_BATCH_JOB_ARRAY_SIZE: '10' };
const google = { BATCH_TASK_INDEX: '0', BATCH_TASK_COUNT: '4' };
const azure = { AZUREML_RUN_ID: 'run_1', RANK: '2', WORLD_SIZE: '3' };
const mpi = { AZUREML_RUN_ID: 'run_1', OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2' };

it.each([
  ['Kubernetes, with the count that it does not tell', { JOB_COMPLETION_INDEX: '7' }, 8, [8, 8]],
  ['a Slurm array from 0', slurm(0, 0, 7), null, [1, 8]],
  ['a Slurm array from 1', slurm(8, 1, 8), null, [8, 8]],
  ['a Slurm array in steps', slurm(4, 0, 6, 2), null, [3, 4]],
  ['a Slurm array from 3, confirmed', slurm(3, 3, 4), 2, [1, 2]],
  ['a Slurm array of one task, confirmed', slurm(0, 0, 0), 1, [1, 1]],
  ['tasks of srun', srun(2, 4), null, [3, 4]],
  ['tasks of srun in a Slurm array', { ...slurm(1, 0, 3), ...srun(1, 2) }, null, [4, 8]],
  ['one task of srun in a Slurm array', { ...slurm(1, 0, 3), ...srun(0, 1) }, null, [2, 4]],
  ['AWS Batch', aws, null, [10, 10]],
  ['AWS Batch, confirmed', aws, 10, [10, 10]],
  ['Google Batch', google, null, [1, 4]],
  ['Azure ML', azure, null, [3, 3]],
  ['Azure ML with MPI', mpi, null, [2, 2]],
  ['two that agree', { ...google, JOB_COMPLETION_INDEX: '0' }, null, [1, 4]],
  ['empty variables count as not set', { ...google, JOB_COMPLETION_INDEX: '', RANK: '' }, null, [1, 4]],
])('reads %s', (_, env, count, [index, total]) => {
  expect(findScheduledShard(env, count)).toMatchObject({ index, count: total });
});

it.each([
  ['no scheduler', {}, null, /found none\. Start .* or give --shard <i>\/<n>/],
  ['the rank of another program', { RANK: '0', WORLD_SIZE: '2' }, null, /found RANK=0, WORLD_SIZE=2\./],
  [
    'a batch script of Slurm without srun',
    { SLURM_NTASKS: '2', SLURM_PROCID: '0' },
    null,
    /found SLURM_NTASKS=2, SLURM_PROCID=0\./,
  ],
  ['no count', { JOB_COMPLETION_INDEX: '2' }, null, /Job: JOB_COMPLETION_INDEX=2\)\. Give .* --shard auto\/8/],
  [
    'an index without its count',
    { BATCH_TASK_INDEX: '2' },
    null,
    /BATCH_TASK_COUNT, it is not set .*BATCH_TASK_INDEX=2/,
  ],
  ['a negative index', { JOB_COMPLETION_INDEX: '-1' }, 8, /JOB_COMPLETION_INDEX, found "-1"/],
  ['text', { ...aws, AWS_BATCH_JOB_ARRAY_INDEX: 'ten' }, null, /AWS_BATCH_JOB_ARRAY_INDEX, found "ten"/],
  ['an index above the count', { ...google, BATCH_TASK_INDEX: '4' }, null, /BATCH_TASK_INDEX=4, BATCH_TASK_COUNT=4/],
  ['an index above the count of the option', { JOB_COMPLETION_INDEX: '8' }, 8, /below .* 8 tasks.*found 8/],
  ['other indexes', { ...google, JOB_COMPLETION_INDEX: '1' }, null, /Job: JOB_COMPLETION_INDEX=1; Google Batch: BATCH/],
  ['other counts', { ...google, ...aws, AWS_BATCH_JOB_ARRAY_INDEX: '0' }, null, /AWS Batch array.*; Google Batch/],
  ['another count than the option', aws, 8, /Expected 8 tasks, .* found 10 \(AWS Batch/],
  ['a Slurm array with gaps', slurm(3, 0, 7, 1, 3), null, /without gaps, found 3 from 0 to 7/],
  ['one task of an earlier Slurm array', slurm(3, 3, 3), null, /a part of one .* give its --shard <i>\/<n>/],
  ['one task of an earlier Slurm array, with its count', slurm(3, 3, 3), 8, /Expected 8 tasks, .*found 1 /],
  ['tasks of a later Slurm array', slurm(3, 3, 7), null, /a part of one/],
])('refuses %s', (_, env, count, message) => {
  expect(() => findScheduledShard(env, count)).toThrow(
    expect.objectContaining({ code: 'SHARD_UNDETERMINED', message: expect.stringMatching(message) as string }),
  );
});

it('gives every task of an array its own shard', () => {
  const shards = [0, 1, 2, 3].flatMap((task) =>
    [0, 1].map((process) => findScheduledShard({ ...slurm(2 + task * 3, 2, 11, 3), ...srun(process, 2) }, 8).index),
  );
  expect(shards).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
