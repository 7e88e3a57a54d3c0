#!/bin/sh
# Worlds and trainer on one node with GPUs. From the repository: trainers/trl/launch/one-node.sh [fsdp|deepspeed] [flags…]
# Flags go to `python -m tribune_trl.train` and win over grpo.yaml. The server ends with the trainer.
set -eu
here=$(dirname "$0")
engine=${1:-fsdp}
[ $# -eq 0 ] || shift
node scripts/run.mjs src/cli/main.ts serve env core --max-sessions 2048 --log runs/trl-calls.jsonl &
server=$!
trap 'kill "$server"' EXIT
until curl --silent --fail http://127.0.0.1:8000/health > /dev/null; do
  kill -0 "$server"
  sleep 1
done
accelerate launch --config_file "$here/$engine.yaml" -m tribune_trl.train --config "$here/grpo.yaml" "$@"
