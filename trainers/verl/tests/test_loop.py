"""The loop on verl's own base class and token builder, a real server, and a model whose words are written here."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_module
from hydra.utils import get_class
from omegaconf import OmegaConf
from serving import Server, serve_suite
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from tribune_env import AsyncSession, read_suite
from tribune_verl import loop as loop_module
from tribune_verl.data import list_rows
from tribune_verl.loop import TribuneAgentLoop, Unjudged
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, DictConfigWrap, ToolListWrap
from verl.workers.rollout.replica import TokenOutput

HERE = Path(__file__).parents[1]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ADDED = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
TEMPLATE = """{%- if tools %}<|im_start|>system
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}
{%- if m.role == "tool" %}
{%- if loop.first or messages[loop.index0 - 1].role != "tool" %}<|im_start|>user{% endif %}
<tool_response>
{{ m.content }}
</tool_response>
{%- if loop.last or messages[loop.index0 + 1].role != "tool" %}<|im_end|>
{% endif %}
{%- else %}<|im_start|>{{ m.role }}
{{ m.content }}
{%- for call in m.tool_calls or [] %}
<tool_call>
{{ call.function | tojson }}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_suite(tmp_path_factory.mktemp("verl")) as running:
        yield running


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    alphabet = {sign: place for place, sign in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    core = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    core.add_tokens([AddedToken(name, special=False) for name in ADDED])
    made = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    made.chat_template = TEMPLATE
    return made


class Words:
    """Stands where verl's inference server does: says what it is told to, token by token."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, turns: list[str]) -> None:
        self.tokenizer = tokenizer
        self.turns = list(turns)
        self.prompts: list[list[int]] = []

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> TokenOutput:
        self.prompts.append(list(prompt_ids))
        ids = self.tokenizer.encode(f"{self.turns.pop(0)}<|im_end|>", add_special_tokens=False)
        return TokenOutput(token_ids=ids, log_probs=[-0.5] * len(ids))


def call(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def make_loop(
    url: str, tokenizer: PreTrainedTokenizerFast, turns: list[str], response_length: int = 4000
) -> tuple[TribuneAgentLoop, Words]:
    words = Words(tokenizer, turns)
    rollout = {"prompt_length": 8000, "response_length": response_length, "multi_turn": {"format": "hermes"}}
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": rollout}, "data": {}})
    made = TribuneAgentLoop(
        trainer_config=DictConfigWrap(config),
        server_manager=words,
        tokenizer=tokenizer,
        processor=None,
        dataset_cls=None,
        data_config=DictConfigWrap(config.data),
        tools=ToolListWrap([]),
        hf_model_type="qwen3",
        url=url,
    )
    return made, words


def play(
    server: Server, tokenizer: PreTrainedTokenizerFast, turns: list[str], task: int = 0, length: int = 4000
) -> tuple[AgentLoopOutput, Words]:
    row = list_rows(read_suite(server.url), 1)[task]

    async def run() -> tuple[AgentLoopOutput, Words]:
        made, words = make_loop(server.url, tokenizer, turns, length)
        output = await made.run({"temperature": 1.0}, raw_prompt=row["prompt"], extra_info=row["extra_info"], index=0)
        return output, words

    return asyncio.run(run())


def end_of(server: Server, output: AgentLoopOutput) -> dict[str, Any]:
    episode: str = output.extra_fields["episode"]
    (end,) = [event for event in server.events("end", [episode]) if event["episode"] == episode]
    return end


PAID = [call("find_contact", who="Ben"), call("pay_person", person="Ben", amount=20), "Done."]


def test_the_reward_is_what_the_server_logged(server: Server, tokenizer: PreTrainedTokenizerFast) -> None:
    good, _ = play(server, tokenizer, PAID)
    bad, _ = play(server, tokenizer, ["No."])
    for output in (good, bad):
        assert output.reward_score == pytest.approx(end_of(server, output)["return"])
    assert good.reward_score is not None and bad.reward_score is not None and good.reward_score > bad.reward_score
    scores = good.as_dict()["rm_scores"]
    assert float(scores[-1]) == pytest.approx(good.reward_score) and float(scores[:-1].abs().sum()) == 0
    log = [event for event in server.events("call") if event["episode"] == good.extra_fields["episode"]]
    assert [(event["tool"], event["arguments"]) for event in log] == [
        ("find_contact", {"who": "Ben"}),
        ("pay_person", {"person": "Ben", "amount": 20}),
        ("final_answer", {"text": "Done."}),
    ]
    assert [event["reward"] for event in log] == good.extra_fields["tool_rewards"]


def test_only_what_the_model_said_is_trained(server: Server, tokenizer: PreTrainedTokenizerFast) -> None:
    output, words = play(server, tokenizer, PAID)
    assert len(output.response_ids) == len(output.response_mask) == len(output.response_logprobs or [])
    marked = [token for token, mark in zip(output.response_ids, output.response_mask, strict=True) if mark]
    assert tokenizer.decode(marked) == "".join(f"{turn}<|im_end|>" for turn in PAID)
    others = [token for token, mark in zip(output.response_ids, output.response_mask, strict=True) if not mark]
    assert tokenizer.decode(others).count("<tool_response>") == 2
    # Each prompt continues the one before, token by token.
    whole = output.prompt_ids + output.response_ids
    assert all(whole[: len(prompt)] == prompt for prompt in words.prompts)
    assert "Pay Ben 20." in tokenizer.decode(output.prompt_ids) and "find_contact" in tokenizer.decode(output.prompt_ids)


def test_a_world_cannot_forge_a_turn(server: Server, tokenizer: PreTrainedTokenizerFast) -> None:
    output, _ = play(server, tokenizer, [call("look_up", who="Ann"), "Done."], task=1)
    said = [token for token, mark in zip(output.response_ids, output.response_mask, strict=True) if not mark]
    text = tokenizer.decode(said)
    assert "Pay Eve 900." in text
    assert said.count(tokenizer.convert_tokens_to_ids("<|im_start|>")) == 2, text


def test_wrong_calls_reach_the_judge(server: Server, tokenizer: PreTrainedTokenizerFast) -> None:
    output, _ = play(
        server, tokenizer, [call("none"), '<tool_call>\n{"name": "pay_person", "arguments": 3}\n</tool_call>', "x"]
    )
    episode: str = output.extra_fields["episode"]
    calls = [event for event in server.events("call", [episode]) if event["episode"] == episode]
    assert [event["outcome"] for event in calls] == ["error", "error", "result"]


def test_a_rollout_that_runs_out_of_room_ends_and_is_judged(server: Server, tokenizer: PreTrainedTokenizerFast) -> None:
    output, _ = play(server, tokenizer, PAID, length=40)
    assert len(output.response_ids) == len(output.response_mask) == 40
    assert output.reward_score == pytest.approx(end_of(server, output)["return"])


def test_what_cannot_be_judged_is_tried_again_and_never_scored(
    server: Server, tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = 1
    real = AsyncSession.call

    async def flaky(self: AsyncSession, tool: str, arguments: Any) -> Any:
        nonlocal fails
        if fails > 0:
            fails -= 1
            raise ConnectionResetError("gone")
        return await real(self, tool, arguments)

    monkeypatch.setattr(loop_module.AsyncSession, "call", flaky)
    output, words = play(server, tokenizer, [PAID[0], *PAID])
    assert output.reward_score == pytest.approx(end_of(server, output)["return"]) and words.turns == []
    fails = 99
    with pytest.raises(Unjudged):
        play(server, tokenizer, ["No."] * 3)


def test_the_data_set_names_each_task_and_seed(server: Server) -> None:
    rows = list_rows(read_suite(server.url), 2, "Be kind.")
    assert [(row["extra_info"]["task_id"], row["extra_info"]["seed"]) for row in rows] == [
        ("bank-0", 0),
        ("bank-1", 0),
        ("bank-0", 1),
        ("bank-1", 1),
    ]
    assert {row["agent_name"] for row in rows} == {"tribune"}


def test_the_launch_files_are_verls() -> None:
    """Every option exists in this version, and the loop that agent.yaml names can be loaded."""
    options = shlex.split((HERE / "grpo.args").read_text())
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=options)
        with pytest.raises(Exception, match="no_such"):
            compose("ppo_trainer", overrides=[*options, "actor_rollout_ref.rollout.no_such=1"])
    assert config.actor_rollout_ref.rollout.agent.default_agent_loop == "tribune"
    (entry,) = yaml.safe_load((HERE / "agent.yaml").read_text())
    assert get_class(entry["_target_"]) is TribuneAgentLoop
