"""The launch files name what exists in the pinned versions. That they start a run on GPUs is not shown here."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from tribune_trl.train import SuiteArguments
from trl.scripts.vllm_serve import ScriptArguments

from trl import GRPOConfig, ModelConfig

LAUNCH = Path(__file__).parents[1] / "launch"
FLAGS = {field.name for kind in (SuiteArguments, GRPOConfig, ModelConfig) for field in dataclasses.fields(kind)}
SERVE = {field.name for field in dataclasses.fields(ScriptArguments)}


def list_flags(text: str) -> set[str]:
    return {flag.replace("-", "_") for flag in re.findall(r"--([a-z][a-z_-]+)", text)}


def test_every_flag_of_a_run_is_trls_or_ours() -> None:
    assert set(yaml.safe_load((LAUNCH / "grpo.yaml").read_text())) <= FLAGS
    script = (LAUNCH / "many-nodes.sbatch").read_text()
    given = list_flags(script.partition("tribune_trl.train")[2].partition('"')[0])
    assert given and given - {"config"} <= FLAGS
    served = list_flags(script.partition("trl vllm-serve")[2].partition("&")[0])
    assert served and served <= SERVE
    assert "vllm_server_hast" not in FLAGS


def test_groups_fit_the_batch() -> None:
    run = yaml.safe_load((LAUNCH / "grpo.yaml").read_text())
    batch = run["per_device_train_batch_size"] * run["gradient_accumulation_steps"] * 8
    assert batch % run["num_generations"] == 0 and batch == 512


@pytest.mark.parametrize("name", ["fsdp.yaml", "deepspeed.yaml"])
def test_accelerate_reads_its_configurations(name: str, tmp_path: Path) -> None:
    config = load_config_from_file(str(LAUNCH / name))
    assert config.num_processes == 8 and config.mixed_precision == "bf16"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((LAUNCH / name).read_text() + "no_such_key: 1\n")
    with pytest.raises(ValueError, match="no_such_key"):
        load_config_from_file(str(wrong))


@pytest.mark.parametrize("name", ["one-node.sh", "many-nodes.sbatch"])
def test_scripts_are_scripts(name: str) -> None:
    assert subprocess.run(["bash", "-n", str(LAUNCH / name)], check=False).returncode == 0
