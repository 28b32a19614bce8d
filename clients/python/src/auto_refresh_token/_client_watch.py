"""Whether the client of a request can still read the response."""

from __future__ import annotations

import asyncio
from typing import Optional

from ._asgi import Message, Receive


class ClientWatch:
    """Stands before `receive` of a request whose tokens may be refreshed.

    It looks ahead by at most one message, which the application still receives.
    """

    def __init__(self, receive: Receive, *, looks_ahead: bool) -> None:
        self._receive = receive
        self._looks_ahead = looks_ahead
        self._pending: Optional[asyncio.Future[Message]] = None
        self._is_gone = False

    async def receive(self) -> Message:
        """As the server's `receive`."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._next())
        pending = self._pending
        # A caller that is cancelled must not lose the message.
        message = await asyncio.shield(pending)
        if self._pending is pending:
            self._pending = None
        return message

    async def is_gone(self) -> bool:
        """Whether the client has closed the connection, as far as the server knows."""
        if self._looks_ahead and not self._is_gone and self._pending is None:
            self._pending = asyncio.ensure_future(self._next())
            # A server that knows of the disconnect answers at once.
            for _ in range(3):
                await asyncio.sleep(0)
        return self._is_gone

    async def close(self) -> None:
        """Ends the look ahead."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.gather(self._pending, return_exceptions=True)

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._is_gone = True
        return message
