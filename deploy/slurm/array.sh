#!/bin/bash
# A run shared among the 8 tasks of a Slurm array: docs/deploy.md#slurm
#   sbatch deploy/slurm/array.sh manifest.jsonl --model ./sdxl-refiner --output-dir refined
#SBATCH --job-name=sdxl-refine
#SBATCH --array=0-7
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --gres=gpu:1
#SBATCH --time=04:00:00
# SIGTERM two minutes before the time is over: the command stops between two steps.
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=sdxl-refine-%A_%a.log
set -u

code=0
# SDXL_REFINE names the command, if it is not on PATH.
srun --ntasks=1 "${SDXL_REFINE:-sdxl-refine}" batch --seed "${SEED:-7}" "$@" --shard auto --resume || code=$?
# 130: stopped. Out of time, the task goes to the end of the line; --resume continues it.
if [ "$code" -eq 130 ] && [ -n "${SLURM_JOB_ID:-}" ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
