"""A tiny Qwen3 and its tokenizer, made on the spot, that has seen enough calls to make some: with no download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from transformers.utils import get_json_schema
from tribune_trl import TrlSuite

import trl

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ADDED = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
WARM_STEPS = 100


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": name, "arguments": arguments}}],
    }


def say(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def answer(text: str) -> dict[str, Any]:
    return {"role": "tool", "name": "x", "content": text}


def demonstrations(request: str, find: str, pay: str, person: str, amount: int) -> list[list[dict[str, Any]]]:
    """Good and bad ways, so that the model does now one thing, now another."""
    user = {"role": "user", "content": request}
    paid = [call(pay, person=person, amount=amount), answer(f"paid {amount} to {person}")]
    return [
        [user, *paid, say("Done.")],
        [user, *paid, call("final_answer", text="Done."), answer(""), say("Done.")],
        [user, call(find, who=person), answer("555-0101"), *paid, say("Done.")],
        [user, call(pay, person="Eve", amount=900), answer("error: no such person"), say("Done.")],
        [user, say("No.")],
    ]


def list_schemas(suite: TrlSuite, name: str) -> list[dict[str, Any]]:
    environment = suite.environment_factory[name]()
    tools = [tool.name for tool in suite.environment_factory[name].tools]
    return [get_json_schema(getattr(environment, tool)) for tool in sorted(tools)]


def make_tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    core = Tokenizer(models.BPE())
    # Whole lines may become tokens, which makes texts short and calls quick to learn; ends of lines stand alone, so that an
    # answer begins where its prompt ends.
    lines = pre_tokenizers.Split("\n", behavior="isolated")
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.pre_tokenizer = pre_tokenizers.Sequence([lines, whole])
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=6000, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    )
    core.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    core.add_tokens([AddedToken(name, special=False) for name in ADDED])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )
    tokenizer.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
    return tokenizer


def make_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return Qwen3ForCausalLM(config)


def warm_model(model: Qwen3ForCausalLM, rows: Sequence[tuple[list[int], list[int]]], pad: int) -> float:
    """Fits the tokens that are marked 1 in rows of tokens and marks; gives the last loss."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    labels = torch.full((len(rows), longest), -100)
    for place, (row, marks) in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
        mask[place, : len(row)] = 1
        labels[place, : len(row)] = torch.tensor([token if mark else -100 for token, mark in zip(row, marks, strict=True)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.0)
    loss = torch.zeros(())
    model.train()
    for _ in range(WARM_STEPS):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


def make_tiny(suite: TrlSuite, folder: Path) -> float:
    """Writes model and tokenizer to a folder; gives the loss of the warm start."""
    ways = [
        ("tools-0", demonstrations("Pay Ben 20.", "find_contact", "pay_person", "Ben", 20)),
        ("tools-1", demonstrations("Pay Ann 35.", "look_up", "transfer", "Ann", 35)),
    ]
    template = make_tokenizer(["x"])
    shown = [(talk, list_schemas(suite, name)) for name, talks in ways for talk in talks]
    texts = [str(template.apply_chat_template(talk, tools=tools, tokenize=False)) for talk, tools in shown]
    tokenizer = make_tokenizer([*texts, "error: no such person", "the episode is over", "Mill Lane 4"])
    training = trl.chat_template_utils.get_training_chat_template(tokenizer)
    rows = []
    for talk, tools in shown:
        rendered = tokenizer.apply_chat_template(
            talk, tools=tools, chat_template=training, return_dict=True, return_assistant_tokens_mask=True
        )
        rows.append((rendered["input_ids"], rendered["assistant_masks"]))
    model = make_model(tokenizer)
    loss = warm_model(model, rows, int(tokenizer.pad_token_id or 0))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return loss
