"""What a server serves: its tasks, in a fixed order, each with the tools it shows. Read once, when a run begins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from tribune_env.messages import Json, Tool, as_list, as_object, as_text, parse_json, token_headers
from tribune_env.session import Session


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    split: str
    prompt: str
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """`name` is the environment's name on the server."""

    name: str
    tasks: tuple[Task, ...]


def read_suite(url: str, *, split: str = "train", limit: int | None = None, token: str | None = None) -> Suite:
    """Reads the tasks of a split, at most `limit`. Raises OSError where there is no server, ValueError where no task is."""
    name = as_text(as_list(_fetch(url, "list_environments", token), "environments")[0], "name")
    listed = as_object(_fetch(url, f"{quote(name, safe='')}/tasks", token, {"split": split}), "tasks")
    cards = [as_object(card, "task") for card in as_list(listed.get("tasks"), "tasks")][:limit]
    if not cards:
        raise ValueError(f"{url}: no task in the split {split!r}")
    session = Session(url, token=token)
    try:
        return Suite(name, tuple(_read_task(session, card) for card in cards))
    finally:
        session.close()


def _read_task(session: Session, card: dict[str, Json]) -> Task:
    task_id = as_text(card.get("id"), "id")
    # The request and the tools are the task's, whatever the seed.
    start = session.reset(task_id, 0, "probe")
    return Task(task_id, as_text(card.get("split"), "split"), start.prompt, session.tools())


def _fetch(url: str, path: str, token: str | None, body: dict[str, Json] | None = None) -> Json:
    headers = {"Content-Type": "application/json", **token_headers(token)}
    data = None if body is None else json.dumps(body).encode()
    opener = build_opener(ProxyHandler({}))
    with opener.open(Request(f"{url.rstrip('/')}/{path}", data=data, headers=headers), timeout=60) as response:
        text: bytes = response.read()
    return parse_json(text)
