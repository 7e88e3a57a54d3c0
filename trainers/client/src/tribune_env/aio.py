"""The session of session.py for asyncio, for trainers that play thousands of episodes in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from websockets.asyncio.client import ClientConnection, connect

from tribune_env.messages import (
    LIST_MESSAGE,
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
from tribune_env.session import LOST, WAITS, is_passing


class AsyncSession:
    """Plays episodes on a server. `timeout` is in seconds, for each answer. One call at a time: it sees to that itself."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 120.0) -> None:
        self._address = socket_address(url)
        self._token = token
        self._timeout = timeout
        self._socket: ClientConnection | None = None
        self._turn = asyncio.Lock()

    async def reset(self, task_id: str, seed: int, episode_id: str) -> Start:
        """Begins an episode; tries again while the server is away or full. Raises what the last try raised."""
        last: Exception | None = None
        for wait in WAITS:
            await asyncio.sleep(wait)
            try:
                return read_start(await self._ask(reset_message(task_id, seed, episode_id)))
            except (*LOST, Refused) as error:
                await self.close()
                last = error
                if not is_passing(error):
                    break
        assert last is not None
        raise last

    async def call(self, tool: str, arguments: Mapping[str, Json]) -> Step:
        """Calls a tool. Raises one of LOST where the episode is lost with it, Refused where the message was wrong."""
        return read_step(await self._ask(call_message(tool, arguments)))

    async def tools(self) -> tuple[Tool, ...]:
        """The tools of the task under way; before any `reset`, those every task may have."""
        return read_tools(await self._ask(LIST_MESSAGE))

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _ask(self, message: str) -> str | bytes:
        async with self._turn:
            try:
                if self._socket is None:
                    headers = token_headers(self._token)
                    self._socket = await connect(
                        self._address, additional_headers=headers, open_timeout=30, max_size=1 << 26, proxy=None
                    )
                await self._socket.send(message)
                return await asyncio.wait_for(self._socket.recv(), self._timeout)
            except LOST:
                await self.close()
                raise
            except asyncio.CancelledError:
                # The answer is still on its way: whoever asks next must not read it.
                await self.close()
                raise
