#!/usr/bin/env bash
#SBATCH --job-name=tokentrim
#SBATCH --array=0-3
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
# The clips of a list of prompts, shared by the tasks of a Slurm array.
#
#   sbatch --gres=gpu:1 --time=8:00:00 examples/slurm-array.sh prompts.txt clips --seeds 0..4 --model MODEL
#   tokentrim status clips
#
# What stands behind the folder are options of `tokentrim generate`. The folder has to be one that all nodes see. A task
# that is stopped or requeued loses the clip at hand; the same line again makes what is missing, and --array=0-15 shares
# it among more. TOKENTRIM says what to run, where that is not `tokentrim`.
#
# scripts/try-slurm.sh runs it in a cluster of this one machine.
set -euo pipefail
prompts=${1:?which prompts? sbatch slurm-array.sh PROMPTS FOLDER [options]}
folder=${2:?which folder? sbatch slurm-array.sh PROMPTS FOLDER [options]}
shift 2

# Words are meant to be split: "node bin/tokentrim.js".
# shellcheck disable=SC2086
exec ${TOKENTRIM:-tokentrim} generate --prompts "$prompts" --out-dir "$folder" --progress lines "$@"
