#!/bin/bash
# Merges the parts when all tasks of the array have ended: docs/deploy.md#slurm
#   sbatch --dependency=afterany:<job> deploy/slurm/merge.sh refined
#SBATCH --job-name=sdxl-refine-merge
#SBATCH --ntasks=1
#SBATCH --output=sdxl-refine-merge-%j.log
set -eu

exec "${SDXL_REFINE:-sdxl-refine}" merge "$@"
