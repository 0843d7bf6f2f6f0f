#!/usr/bin/env bash
# The clips of a list of prompts, shared by workers that GNU parallel starts, and starts again where they fail.
#
#   examples/parallel.sh 4 prompts.txt clips --seeds 0..4
#   tokentrim status clips
#
# What stands behind the folder are options of `tokentrim generate`. TOKENTRIM says what to run, where that is not
# `tokentrim`. On one graphics card one worker is enough.
set -euo pipefail
usage='parallel.sh WORKERS PROMPTS FOLDER [options]'
workers=${1:?how many workers? $usage}
prompts=${2:?which prompts? $usage}
folder=${3:?which folder? $usage}
shift 3

# parallel says which worker this is (PARALLEL_SEQ), and this of how many:
export TOKENTRIM_SHARDS=$workers

# Words are meant to be split: "node bin/tokentrim.js".
# shellcheck disable=SC2086
seq "$workers" | parallel --quote --max-replace-args 0 --jobs "$workers" --retries 3 --line-buffer --tag \
  ${TOKENTRIM:-tokentrim} generate --prompts "$prompts" --out-dir "$folder" --progress lines "$@"
