"""A session that blocks: one socket, one world at a time, calls one after another.

A session that failed is not used again as it stands: an answer that comes too late would be read as the next one. So a
failure closes the socket, and the next `reset` opens another. Not here: what a lost episode is worth (the caller's matter).
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from tribune_env.messages import (
    LIST_MESSAGE,
    BadAnswer,
    Json,
    Refused,
    Start,
    Step,
    Tool,
    call_message,
    read_start,
    read_step,
    read_tools,
    reset_message,
    socket_address,
    token_headers,
)

LOST = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, BadAnswer)
"""What ends an episode without a verdict: the server cannot be reached, does not answer, or not as it should."""

WAITS = (0.0, 0.2, 1.0, 5.0, 15.0)
"""Seconds before each try to begin an episode."""


def is_passing(error: Exception) -> bool:
    """Whether another try may help: a lost server may come back, a full one have room."""
    return error.code == "CAPACITY_REACHED" if isinstance(error, Refused) else True


class Session:
    """Plays episodes on a server. `timeout` is in seconds, for each answer. Not for several threads at once."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 120.0) -> None:
        self._address = socket_address(url)
        self._token = token
        self._timeout = timeout
        self._socket: ClientConnection | None = None

    def reset(self, task_id: str, seed: int, episode_id: str) -> Start:
        """Begins an episode; tries again while the server is away or full. Raises what the last try raised."""
        last: Exception | None = None
        for wait in WAITS:
            time.sleep(wait)
            try:
                return read_start(self._ask(reset_message(task_id, seed, episode_id)))
            except (*LOST, Refused) as error:
                self.close()
                last = error
                if not is_passing(error):
                    break
        assert last is not None
        raise last

    def call(self, tool: str, arguments: Mapping[str, Json]) -> Step:
        """Calls a tool. Raises one of LOST where the episode is lost with it, Refused where the message was wrong."""
        return read_step(self._ask(call_message(tool, arguments)))

    def tools(self) -> tuple[Tool, ...]:
        """The tools of the task under way; before any `reset`, those every task may have."""
        return read_tools(self._ask(LIST_MESSAGE))

    def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def _ask(self, message: str) -> str | bytes:
        try:
            if self._socket is None:
                headers = token_headers(self._token)
                self._socket = connect(self._address, additional_headers=headers, open_timeout=30, max_size=1 << 26, proxy=None)
            self._socket.send(message)
            return self._socket.recv(timeout=self._timeout)
        except LOST:
            self.close()
            raise
