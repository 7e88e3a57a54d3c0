"""Writes prime-rl's configuration for a served suite: `python trainers/prime-rl/write.py --url … --out rl.toml`.

prime-rl plays by way of verifiers' own OpenEnv task set, which needs one reset for each task. That task set lists the tools
before it resets, so the server must run with `--names world`; and it counts a missing reward as 0.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tribune_env import Suite, read_suite

BASE = Path(__file__).with_name("base.toml")


def write_config(url: str, suite: Suite, seeds: int) -> str:
    """The whole file. JSON's texts and whole numbers are TOML's too."""
    resets = [f"    {{ task_id = {json.dumps(task.id)}, seed = {seed} }}," for seed in range(seeds) for task in suite.tasks]
    lines = [
        "[[orchestrator.train.env]]",
        f"name = {json.dumps(f'tribune-{suite.name}')}",
        'env.player.harness = { id = "null", runtime = { type = "subprocess" } }',
        "",
        "[orchestrator.train.env.env.taskset]",
        'id = "openenv"',
        f"base_url = {json.dumps(url)}",
        "resets = [",
        *resets,
        "]",
    ]
    return BASE.read_text() + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes prime-rl's configuration for a served suite.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--split", default="train")
    parser.add_argument("--tasks", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    suite = read_suite(given.url, split=given.split, limit=given.tasks)
    partial: Path = given.out.with_name(f"{given.out.name}.partial")
    partial.write_text(write_config(given.url, suite, given.seeds))
    partial.replace(given.out)


if __name__ == "__main__":
    main()
