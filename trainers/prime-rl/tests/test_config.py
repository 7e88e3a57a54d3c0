"""The configuration that is written, and the talk that verifiers' OpenEnv task set has with the server. prime-rl is not run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator

import pytest
from serving import Server, serve_suite
from tribune_env import read_suite
from tribune_env.messages import socket_address
from websockets.sync.client import connect
from write import write_config


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_suite(tmp_path_factory.mktemp("prime"), "--names", "world") as running:
        yield running


def test_the_configuration_names_every_task_and_seed(server: Server) -> None:
    config = tomllib.loads(write_config(server.url, read_suite(server.url), 2))
    (environment,) = config["orchestrator"]["train"]["env"]
    taskset = environment["env"]["taskset"]
    assert (taskset["id"], taskset["base_url"]) == ("openenv", server.url)
    assert [(reset["task_id"], reset["seed"]) for reset in taskset["resets"]] == [
        ("bank-0", 0),
        ("bank-1", 0),
        ("bank-0", 1),
        ("bank-1", 1),
    ]
    assert environment["env"]["player"]["harness"]["id"] == "null"


def test_tools_listed_before_the_reset_are_the_tools_of_the_task(server: Server) -> None:
    """verifiers 0.4.0 lists, then resets, then steps until `done`, and adds the rewards."""
    config = tomllib.loads(write_config(server.url, read_suite(server.url), 1))
    resets = config["orchestrator"]["train"]["env"][0]["env"]["taskset"]["resets"]
    with connect(socket_address(server.url), proxy=None) as socket:

        def ask(kind: str, data: object) -> dict[str, object]:
            socket.send(json.dumps({"type": kind, "data": data}))
            return dict(json.loads(socket.recv())["data"])

        for played, reset in enumerate(resets, 1):
            listed = ask("step", {"type": "list_tools"})["observation"]
            assert isinstance(listed, dict) and "pay_person" in [tool["name"] for tool in listed["tools"]]
            start = ask("reset", reset)
            assert start["reward"] is None and start["done"] is False
            person, amount = ("Ben", 20) if reset["task_id"] == "bank-0" else ("Ann", 35)
            calls = [("pay_person", {"person": person, "amount": amount}), ("final_answer", {"text": "Done."})]
            steps = [ask("step", {"tool_name": name, "arguments": given}) for name, given in calls]
            assert steps[-1]["done"] is True
            paid = sum(float(str(step["reward"])) for step in steps)
            assert paid == pytest.approx(server.events("end", ends=played)[-1]["return"])
