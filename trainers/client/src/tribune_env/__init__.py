"""A client for worlds served by `tribune serve env`: sessions over OpenEnv's WebSocket, tasks over ORS's routes.

Two sessions with the same methods, one that blocks and one for asyncio; nothing of a trainer is imported here.
"""

from tribune_env.aio import AsyncSession
from tribune_env.messages import BadAnswer, Json, Refused, Start, Step, Tool, tool_key
from tribune_env.session import Session
from tribune_env.suite import Suite, Task, read_suite
from tribune_env.text import Defuser, control_names

__all__ = [
    "AsyncSession",
    "BadAnswer",
    "Defuser",
    "Json",
    "Refused",
    "Session",
    "Start",
    "Step",
    "Suite",
    "Task",
    "Tool",
    "control_names",
    "read_suite",
    "tool_key",
]
