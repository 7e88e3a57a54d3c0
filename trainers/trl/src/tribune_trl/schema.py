"""A served tool as a Python method that TRL can show to a model: name, signature and docstring, made from its JSON Schema.

TRL asks `transformers.utils.get_json_schema` for a tool's schema, which reads type hints and a Google docstring. What those
cannot say (nested properties, bounds, patterns) is added to the parameter's description as JSON Schema, so nothing is lost.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, cast

from tribune_env import Json, Tool

SIMPLE: Mapping[str, object] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def type_of(schema: Json) -> tuple[object, bool]:
    """The type hint of a schema, and whether it says all of it, descriptions aside."""
    if not isinstance(schema, dict):
        return Any, schema is True
    rest = schema.keys() - {"type", "description", "title", "default"}
    kind = schema.get("type")
    options = schema.get("enum")
    if isinstance(options, list) and options and all(isinstance(o, str | int | bool | None) for o in options):
        return Literal.__getitem__(tuple(options)), rest <= {"enum"}
    if kind == "array" and "items" in schema:
        inner, whole = type_of(schema["items"])
        return list.__class_getitem__(inner), whole and rest <= {"items"}
    if isinstance(kind, list) and kind and all(isinstance(name, str) and name in SIMPLE for name in kind):
        return Union.__getitem__(tuple(SIMPLE[str(name)] for name in kind)), not rest and "null" not in kind
    if isinstance(kind, str) and kind in SIMPLE:
        return SIMPLE[kind], not rest
    return Any, not schema.keys() - {"description", "title"}


def one_line(text: str) -> str:
    """A text that a docstring cannot mistake for a heading, a parameter or a list of choices."""
    plain = re.sub(r"\b(Args|Returns|Raises):", r"\1 -", " ".join(text.split()))
    return re.sub(r"\(choices:", "(choices -", plain, flags=re.IGNORECASE)


def describe(name: str, schema: Json) -> tuple[object, str]:
    """The type hint and the description of a parameter."""
    hint, whole = type_of(schema)
    said = schema.get("description") if isinstance(schema, dict) else None
    words = one_line(said) if isinstance(said, str) and said.strip() else name
    return hint, words if whole else one_line(f"{words} JSON Schema: {json.dumps(schema, ensure_ascii=False)}")


def make_method(tool: Tool, act: Callable[[Any, str, dict[str, Json]], str]) -> Callable[..., str]:
    """A method that hands whatever arguments it gets to `act`: right or wrong, the server judges them."""

    def method(self: Any, /, **arguments: Json) -> str:
        return act(self, tool.name, arguments)

    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    described = {name: describe(name, schema) for name, schema in cast(dict[str, Json], properties or {}).items()}
    needed = [name for name in described if isinstance(required, list) and name in required]
    ordered = [*needed, *(name for name in described if name not in needed)]
    receiver = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=described[name][0],
            default=inspect.Parameter.empty if name in needed else None,
        )
        for name in ordered
    ]
    lines = [one_line(tool.description) or tool.name, "", "Args:"]
    lines += [f"    {name}: {described[name][1]}" for name in ordered]
    method.__name__ = tool.name
    method.__qualname__ = tool.name
    method.__doc__ = "\n".join(lines if ordered else lines[:1])
    method.__annotations__ = {name: described[name][0] for name in ordered} | {"return": str}
    setattr(method, "__signature__", inspect.Signature([receiver, *parameters], return_annotation=str))
    return method
