#!/bin/sh
# GRPO with verl on a served suite. From the repository, after `tribune serve env core --max-sessions 2048`:
#   TRIBUNE_URL=http://worlds:8000 trainers/verl/launch.sh trainer.nnodes=2 actor_rollout_ref.model.path=…
# Words after it are laid over grpo.args. More nodes: join them to one Ray cluster first (`ray start`).
set -eu
here=$(dirname "$0")
url=${TRIBUNE_URL:-http://127.0.0.1:8000}
test -e train.parquet || python -m tribune_verl.data --url "$url" --split train --out train.parquet
test -e heldout.parquet || python -m tribune_verl.data --url "$url" --split heldout --out heldout.parquet
# shellcheck disable=SC2046 # one word a line, none with blanks
exec python -m verl.trainer.main_ppo $(cat "$here/grpo.args") "$@"
