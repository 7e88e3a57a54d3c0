"""The messages of `/ws`, without a socket: requests as text, answers parsed into records.

Every answer is checked before anything of it is believed. What a world says is data: here it is only read and held.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class BadAnswer(Exception):
    """The server's answer is not of the protocol."""


class Refused(Exception):
    """The server refused a message or a session; `code` is one of OpenEnv's, such as CAPACITY_REACHED."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of an episode."""

    prompt: str
    task_id: str
    seed: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a call did. `reward` is null where none is due or none could be judged."""

    text: str
    failed: bool
    """Whether `text` tells an error."""
    said: str | None
    """What the user said besides."""
    reward: float | None
    done: bool
    total: float | None
    """With the last step: the sum of all rewards, null where the episode could not be judged."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the server describes it."""

    name: str
    description: str
    parameters: Mapping[str, Json]


def tool_key(tools: Sequence[Tool]) -> str:
    """A text that is the same for the same tools, in any order."""
    return json.dumps(sorted([tool.name, tool.description, tool.parameters] for tool in tools), sort_keys=True)


def socket_address(url: str) -> str:
    """The address of `/ws` below that of the server. Raises ValueError where it is no web address."""
    parts = urlsplit(url)
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme not in schemes or not parts.netloc:
        raise ValueError(f"{url}: expected an address such as http://127.0.0.1:8000")
    return urlunsplit((schemes[parts.scheme], parts.netloc, f"{parts.path.rstrip('/')}/ws", "", ""))


def token_headers(token: str | None) -> dict[str, str]:
    """The header that carries a token: the one given, or that of TRIBUNE_SERVE_TOKEN."""
    token = token or os.environ.get("TRIBUNE_SERVE_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def reset_message(task_id: str, seed: int, episode_id: str) -> str:
    return json.dumps({"type": "reset", "data": {"task_id": task_id, "seed": seed, "episode_id": episode_id}})


def call_message(tool: str, arguments: Mapping[str, Json]) -> str:
    """A call. Raises ValueError where an argument is no JSON, such as NaN."""
    data = {"type": "call_tool", "tool_name": tool, "arguments": dict(arguments)}
    return json.dumps({"type": "step", "data": data}, allow_nan=False)


LIST_MESSAGE = json.dumps({"type": "step", "data": {"type": "list_tools"}})


def as_object(value: Json, what: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadAnswer(f"{what}: expected an object")
    return value


def as_list(value: Json, what: str) -> list[Json]:
    if not isinstance(value, list):
        raise BadAnswer(f"{what}: expected a list")
    return value


def as_text(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise BadAnswer(f"{what}: expected a text")
    return value


def as_whole(value: Json, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadAnswer(f"{what}: expected a whole number")
    return value


def as_number(value: Json, what: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadAnswer(f"{what}: expected a number or null")
    return float(value)


def parse_json(text: str | bytes) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError as error:
        raise BadAnswer(f"no JSON: {error}") from error
    return value


def open_answer(text: str | bytes) -> dict[str, Json]:
    """The data of an observation. Raises Refused where the answer is an error."""
    message = as_object(parse_json(text), "answer")
    data = as_object(message.get("data"), "data")
    if message.get("type") == "error":
        raise Refused(as_text(data.get("code"), "code"), as_text(data.get("message"), "message"))
    if message.get("type") != "observation":
        raise BadAnswer(f"type: expected observation, not {message.get('type')!r}")
    return data


def read_start(text: str | bytes) -> Start:
    data = open_answer(text)
    facts = as_object(data.get("metadata"), "metadata")
    return Start(
        prompt=as_text(as_object(data.get("observation"), "observation").get("prompt"), "prompt"),
        task_id=as_text(facts.get("task_id"), "task_id"),
        seed=as_whole(facts.get("seed"), "seed"),
    )


def read_step(text: str | bytes) -> Step:
    data = open_answer(text)
    observation = as_object(data.get("observation"), "observation")
    error = observation.get("error")
    if error is None:
        shown = as_text(as_object(observation.get("result"), "result").get("data"), "result.data")
    else:
        shown = as_text(as_object(error, "error").get("message"), "error.message")
    facts = as_object(data.get("metadata", {}), "metadata")
    said = facts.get("said")
    done = data.get("done")
    if not isinstance(done, bool):
        raise BadAnswer("done: expected true or false")
    return Step(
        text=shown,
        failed=error is not None,
        said=None if said is None else as_text(said, "said"),
        reward=as_number(data.get("reward"), "reward"),
        done=done,
        total=as_number(facts.get("return"), "return"),
    )


def read_tools(text: str | bytes) -> tuple[Tool, ...]:
    observation = as_object(open_answer(text).get("observation"), "observation")
    return tuple(read_tool(tool) for tool in as_list(observation.get("tools"), "tools"))


def read_tool(value: Json) -> Tool:
    tool = as_object(value, "tool")
    return Tool(
        name=as_text(tool.get("name"), "name"),
        description=as_text(tool.get("description"), "description"),
        parameters=as_object(tool.get("input_schema"), "input_schema"),
    )
