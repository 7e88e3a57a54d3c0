"""`python -m tribune_verl.data --url … --out train.parquet`: the data set of a served suite, a row for each task and seed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from tribune_env import Suite, read_suite

AGENT = "tribune"


def list_rows(suite: Suite, seeds: int, system: str | None = None) -> list[dict[str, Any]]:
    """verl's columns. The reward comes from the loop: `reward_model` is there because verl asks for the column."""
    opening = [{"role": "system", "content": system}] if system else []
    tasks = [(seed, task) for seed in range(seeds) for task in suite.tasks]
    return [
        {
            "data_source": suite.name,
            "agent_name": AGENT,
            "prompt": [*opening, {"role": "user", "content": task.prompt}],
            "reward_model": {"style": "rule", "ground_truth": ""},
            "extra_info": {"index": place, "task_id": task.id, "seed": seed, "split": task.split},
        }
        for place, (seed, task) in enumerate(tasks)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the data set of a served suite for verl.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--split", default="train")
    parser.add_argument("--tasks", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--system")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    suite = read_suite(given.url, split=given.split, limit=given.tasks)
    rows = list_rows(suite, given.seeds, given.system)
    partial: Path = given.out.with_name(f"{given.out.name}.partial")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), partial)
    partial.replace(given.out)
    print(f"{given.out}: {len(rows)} rows")


if __name__ == "__main__":
    main()
