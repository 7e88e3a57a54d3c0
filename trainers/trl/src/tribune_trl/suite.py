"""A served suite for TRL: the rows of its data set, and for each set of tools an environment.

Each row shows the tools of its own task, as everywhere else in Tribune: TRL's `environment` column chooses among factories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datasets import Dataset
from tribune_env import Suite, control_names, read_suite, tool_key
from tribune_env.text import HasTokens

from tribune_trl.environment import Factory


@dataclass(frozen=True, slots=True)
class TrlSuite:
    suite: Suite
    environment_factory: Mapping[str, Factory]
    system: str | None = None

    def dataset(self, seeds: int = 1) -> Dataset:
        """A row for each task and seed. All members of a GRPO group come from one row, so they get identical worlds."""
        if seeds < 1:
            raise ValueError(f"seeds: expected a whole number from 1, not {seeds}")
        names = name_tools(self.suite)
        opening = [{"role": "system", "content": self.system}] if self.system else []
        # The request comes with the reset: TRL appends it to the last message.
        prompt = [*opening, {"role": "user", "content": ""}]
        return Dataset.from_list(
            [
                {"prompt": prompt, "task_id": task.id, "seed": seed, "environment": names[tool_key(task.tools)]}
                for seed in range(seeds)
                for task in self.suite.tasks
            ]
        )


def name_tools(suite: Suite) -> dict[str, str]:
    """A name for each set of tools, by its key: the same in every process."""
    keys = dict.fromkeys(tool_key(task.tools) for task in suite.tasks)
    return {key: f"tools-{place}" for place, key in enumerate(keys)}


def open_suite(
    url: str,
    tokenizer: HasTokens,
    *,
    split: str = "train",
    limit: int | None = None,
    system: str | None = None,
    token: str | None = None,
    timeout: float = 120.0,
) -> TrlSuite:
    """Reads what is served at `url`. The tokenizer names the control tokens that no world may say."""
    suite = read_suite(url, split=split, limit=limit, token=token)
    names = name_tools(suite)
    control = control_names(tokenizer)
    tools = {names[tool_key(task.tools)]: task.tools for task in suite.tasks}
    return TrlSuite(suite, {name: Factory(url, shown, control, token, timeout) for name, shown in tools.items()}, system)
