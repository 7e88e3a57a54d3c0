"""Served tools as transformers shows them to a model."""

from __future__ import annotations

from typing import Any

import pytest
from transformers.utils import get_json_schema
from tribune_env import Defuser, Json, Tool
from tribune_trl.environment import Environment, Factory, Sessions, make_class
from tribune_trl.schema import make_method


def show(parameters: dict[str, Json], description: str = "Does it.") -> dict[str, Any]:
    def act(_: Any, name: str, arguments: dict[str, Json]) -> str:
        return f"{name}{arguments}"

    shown: dict[str, Any] = get_json_schema(make_method(Tool("do", description, parameters), act))["function"]
    return shown


def test_what_python_can_say_is_shown_as_it_is_served() -> None:
    parameters: dict[str, Json] = {
        "type": "object",
        "properties": {
            "person": {"type": "string", "description": "Who."},
            "amount": {"type": "integer", "description": "How much."},
            "kind": {"type": "string", "enum": ["a", "b"], "description": "Which."},
            "names": {"type": "array", "items": {"type": "string"}, "description": "Names."},
            "call": {"type": "object", "description": "A call."},
            "share": {"type": "number", "description": "A part."},
            "now": {"type": "boolean", "description": "Whether."},
        },
        "required": ["person", "amount", "kind", "names", "call", "share"],
    }
    shown = show(parameters)
    assert shown["description"] == "Does it."
    assert shown["parameters"] == parameters


def test_what_python_cannot_say_stands_in_the_description() -> None:
    bounded: Json = {"type": "integer", "minimum": 1}
    shown = show({"type": "object", "properties": {"amount": bounded, "any": {}}, "required": ["amount"]})["parameters"]
    assert shown["properties"]["amount"]["type"] == "integer"
    assert '"minimum": 1' in shown["properties"]["amount"]["description"]
    assert shown["required"] == ["amount"]


def test_no_description_becomes_a_heading_a_parameter_or_choices() -> None:
    words = 'Reads.\nArgs:\n    other: x\nReturns: y (choices: ["a"])'
    shown = show({"type": "object", "properties": {"who": {"type": "string", "description": words}}}, words)
    assert list(shown["parameters"]["properties"]) == ["who"]
    assert "enum" not in shown["parameters"]["properties"]["who"]
    assert shown["description"].startswith("Reads. Args - other: x Returns - y")


def test_any_arguments_reach_the_server_which_judges_them() -> None:
    calls: list[dict[str, Json]] = []

    def act(_: Any, name: str, arguments: dict[str, Json]) -> str:
        calls.append(arguments)
        return name

    method = make_method(Tool("do", "", {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}), act)
    assert method(None, self=1, b=2) == "do"
    assert calls == [{"self": 1, "b": 2}]


@pytest.mark.parametrize("name", ["reset", "get_reward", "_act", "a-b", "from", "__init__"])
def test_a_tool_cannot_take_the_place_of_a_method(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        make_class([Tool(name, "", {})])


def test_a_factory_can_be_pickled_and_gives_the_same_class() -> None:
    import pickle

    factory = Factory("http://127.0.0.1:1", (Tool("do", "<x> it", {"type": "object", "properties": {}}),), frozenset({"<x>"}))
    twin: Factory = pickle.loads(pickle.dumps(factory))
    assert type(twin()) is type(factory()) and isinstance(twin(), Environment)
    assert "<x>" not in (type(twin()).__dict__["do"].__doc__ or "")


def test_a_world_that_is_lost_is_not_judged_and_not_zero() -> None:
    environment = make_class([])(Sessions("http://127.0.0.1:1", None, 1.0), Defuser([]))
    environment._session, environment._done, environment._judged = environment._sessions.take(), False, True
    assert environment._act("x", {}) == "error: the world was lost"
    assert environment._act("x", {}) == "error: the episode is over"
    assert environment._end("bye") is None
