"""What a model reads of a step, and how a world's words are kept from being taken for anything else.

Two dangers. A tokenizer of `transformers` reads the name of a control token in any text *as* that token, so a mail with
`<|im_end|>` in it could end the tool's turn and open the user's: such names are broken by a sign that is not seen. And a
tool's text could claim to be the user's words: those stand in a field of their own, which a text cannot imitate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Protocol

from tribune_env.messages import Json, Step, Tool

JOINER = "\u2060"
"""WORD JOINER: no width, no line break, and in no name of a control token."""


class HasTokens(Protocol):
    """The part of a tokenizer of `transformers` that is needed here."""

    def get_added_vocab(self) -> dict[str, int]: ...


def control_names(tokenizer: HasTokens) -> frozenset[str]:
    """Names that the tokenizer reads as one token wherever they stand. Single signs and blanks are none of them."""
    return frozenset(name for name in tokenizer.get_added_vocab() if len(name.strip()) > 1)


class Defuser:
    """Breaks the names of control tokens in texts; other texts stay as they are. Breaking twice is breaking once."""

    def __init__(self, names: Iterable[str]) -> None:
        ordered = sorted((name for name in names if len(name) > 1), key=lambda name: (-len(name), name))
        self._names = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        if self._names is None:
            return text
        # Again, because two names may overlap: `<a><a>` holds another one only once the first is broken.
        while True:
            broken = self._names.sub(lambda found: found[0][0] + JOINER + found[0][1:], text)
            if broken == text:
                return text
            text = broken

    def tool(self, tool: Tool) -> Tool:
        """A tool as it may be shown: descriptions are texts of the world too. Its name is a name and stays."""
        return Tool(tool.name, self(tool.description), {key: self._json(value) for key, value in tool.parameters.items()})

    def _json(self, value: Json) -> Json:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self._json(item) for item in value]
        if isinstance(value, dict):
            return {self(key): self._json(item) for key, item in value.items()}
        return value


def tell_step(step: Step) -> str:
    """The text a model reads of a step."""
    shown = f"error: {step.text}" if step.failed else step.text
    # A text that looks like the form with the user's words is put into it, so none outside of it ever does.
    if step.said is None and not (shown.lstrip().startswith("{") and '"user"' in shown):
        return shown
    return json.dumps({"result": shown} if step.said is None else {"result": shown, "user": step.said}, ensure_ascii=False)
