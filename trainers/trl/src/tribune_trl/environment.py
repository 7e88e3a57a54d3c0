"""TRL's environment: one rollout in one served world, its tools as methods, and the reward of the whole as a reward function.

TRL lists the functions of the *class* as tools, so a class is made for each set of tools; whatever is no tool begins with `_`.
TRL's own `get_reward` is not used: it does not see what the model said last, and an episode ends with that.
A call that TRL cannot parse, or of a tool that it does not know, never gets here and so costs nothing.
"""

from __future__ import annotations

import functools
import keyword
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tribune_env import Defuser, Json, Refused, Session, Tool, tool_key
from tribune_env.session import LOST
from tribune_env.text import tell_step

from tribune_trl.schema import make_method

FINISH = "final_answer"
"""The tool that ends an episode with the model's last words."""

OVER = "error: the episode is over"


class Sessions:
    """Sessions of this process that no rollout holds. There are never more than rollouts at once."""

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        self._make = functools.partial(Session, url, token=token, timeout=timeout)
        self._free: list[Session] = []

    def take(self) -> Session:
        return self._free.pop() if self._free else self._make()

    def give(self, session: Session) -> None:
        self._free.append(session)


@functools.cache
def sessions_of(url: str, token: str | None, timeout: float) -> Sessions:
    """The sessions of a server in this process: made where a factory was unpickled as well."""
    return Sessions(url, token, timeout)


class Environment:
    """A rollout. TRL constructs it once and resets it for every rollout it is used for."""

    def __init__(self, sessions: Sessions, defuse: Defuser) -> None:
        self._sessions = sessions
        self._defuse = defuse
        self._session: Session | None = None
        self._episode = ""
        self._paid = 0.0
        self._judged = False
        self._done = True
        self._calls: list[tuple[str, dict[str, Json]]] = []

    def reset(self, *, task_id: str, seed: int, **_: object) -> str:
        """Begins the episode of a row of the data set; gives the user's request, which TRL appends to the prompt."""
        if self._session is None:
            self._session = self._sessions.take()
        self._episode = uuid.uuid4().hex
        self._paid, self._judged, self._done, self._calls = 0.0, False, False, []
        return self._defuse(self._session.reset(task_id, seed, self._episode).prompt)

    def _act(self, tool: str, arguments: dict[str, Json]) -> str:
        if self._done or self._session is None:
            return OVER
        self._calls.append((tool, arguments))
        try:
            step = self._session.call(tool, arguments)
        except ValueError as error:
            return f"error: {error}"
        except (*LOST, Refused):
            # The world is gone, and with it what the episode was worth: not 0, not judged.
            self._done, self._judged = True, False
            return "error: the world was lost"
        self._done = step.done
        self._judged = step.reward is not None
        self._paid += step.reward or 0.0
        return self._defuse(tell_step(step))

    def _end(self, text: str) -> float | None:
        """Ends the episode with the model's last words, if it has not ended; gives its reward, null where none was judged."""
        if not self._done:
            self._act(FINISH, {"text": text})
        if self._session is not None:
            self._sessions.give(self._session)
            self._session = None
        self._done = True
        return round(self._paid, 9) if self._judged else None


def make_class(tools: Sequence[Tool]) -> type[Environment]:
    """The class whose methods are these tools. Raises ValueError where a name cannot be a method's beside TRL's own."""
    for tool in tools:
        name = tool.name
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in ("reset", "get_reward"):
            raise ValueError(f"tool {name!r}: expected a name that a method may have")
    methods = {tool.name: make_method(tool, Environment._act) for tool in tools}
    return type("ServedEnvironment", (Environment,), methods)


_classes: dict[str, type[Environment]] = {}


def class_of(tools: Sequence[Tool]) -> type[Environment]:
    """The same class for the same tools: TRL tells environments apart by class."""
    return _classes.setdefault(tool_key(tools), make_class(tools))


@dataclass(frozen=True, slots=True, eq=False)
class Factory:
    """What TRL calls for another environment. It can be pickled, for trainers that play rollouts in another process."""

    url: str
    tools: tuple[Tool, ...]
    names: frozenset[str]
    """Names of control tokens, broken wherever the world says them."""
    token: str | None = None
    timeout: float = 120.0

    def __call__(self) -> Environment:
        defuse = Defuser(self.names)
        tools = [defuse.tool(tool) for tool in self.tools]
        return class_of(tools)(sessions_of(self.url, self.token, self.timeout), defuse)


def last_words(completion: Sequence[dict[str, Any]] | str) -> str:
    """What the model said last: nothing, where its last turn made calls that were not carried out any more."""
    if isinstance(completion, str):
        return completion
    last = completion[-1] if completion else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return ""
    content = last.get("content")
    return content if isinstance(content, str) else ""


def episode_return(
    environments: Sequence[Environment],
    completions: Sequence[Sequence[dict[str, Any]] | str],
    **more: Any,
) -> list[float | None]:
    """TRL's reward function: ends every episode and gives its reward; null leaves the rollout out of the update."""
    rewards = [
        environment._end(last_words(completion)) for environment, completion in zip(environments, completions, strict=True)
    ]
    log_extra, log_metric = more.get("log_extra"), more.get("log_metric")
    if log_extra is not None:
        log_extra("episode", [environment._episode for environment in environments])
    if log_metric is not None:
        log_metric("tribune/calls", sum(len(environment._calls) for environment in environments) / len(environments))
        log_metric("tribune/unjudged", sum(reward is None for reward in rewards) / len(rewards))
    return rewards
