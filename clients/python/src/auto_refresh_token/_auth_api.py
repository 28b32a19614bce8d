"""Calls of auth-api, on one connection pool."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable
from typing import Any, Callable, Optional

import httpx

# A longer one is parsed in a thread, so that it does not block the event loop.
LONG_BYTES = 1_048_576
# Enough for the revocations of a million sessions.
MAX_BYTES = 67_108_864


class Answer:
    """A response of auth-api or of a proxy. `data` is empty unless the body is an envelope."""

    def __init__(self, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.status = status
        self.headers = headers
        try:
            self.body: Any = json.loads(content)
        except (ValueError, RecursionError):
            self.body = None

    @property
    def data(self) -> dict[str, Any]:
        data = self.body.get("data") if isinstance(self.body, dict) else None
        return data if isinstance(data, dict) else {}

    def explain(self, call: str, scope: str) -> str:
        """Explains for the log why the response cannot be used; quotes no input."""
        responded = f"auth-api responded {self.status} to {call}"
        error = self.body.get("error") if isinstance(self.body, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        if not isinstance(code, str) or not code.replace("_", "").isalnum() or len(code) > 64:
            return f"{responded}, without an error code of auth-api: a proxy may have responded"
        advice = {
            "invalid_api_key": ". Is API_KEY the secret of an entry of API_KEYS there?",
            "insufficient_scope": f". The call needs {scope}",
        }.get(code, "")
        return f"{responded}: {code}{advice}"


class AuthApiError(Exception):
    """auth-api gave no usable response."""


class AuthApi:
    """Sends requests to auth-api, and retries each once: every call is safe to repeat."""

    def __init__(self) -> None:
        # No proxy of the environment, which would see the key, but its certificates.
        context = httpx.create_ssl_context(trust_env=True)
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(verify=context, trust_env=False, limits=limits)

    async def call(
        self,
        url: str,
        *,
        deadline: float,
        method: str = "GET",
        headers: Optional[dict[str, str]] = None,
        body: Optional[dict[str, Any]] = None,
    ) -> Answer:
        """Returns the response. Raises an `AuthApiError` after `deadline` seconds at most."""
        started_at = time.monotonic()
        try:
            try:
                return await self._attempt(method, url, headers, body, deadline / 2)
            except Exception:  # broken, late, closed at the end, or nothing that httpx understands
                rest = deadline - (time.monotonic() - started_at)
                return await self._attempt(method, url, headers, body, max(0.001, rest))
        except Exception as error:
            # Its name only: the text of an error could quote what was sent.
            raise AuthApiError(f"auth-api did not respond: {type(error).__name__}") from None

    async def _attempt(
        self,
        method: str,
        url: str,
        headers: Optional[dict[str, str]],
        body: Optional[dict[str, Any]],
        within: float,
    ) -> Answer:
        async def send() -> Answer:
            content = bytearray()
            # A redirect is not followed: keys and tokens go to no other address.
            async with self._client.stream(
                method, url, headers=headers, json=body, timeout=within
            ) as response:
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise AuthApiError("Response body is too long")
                facts = (response.status_code, response.headers, bytes(content))
            if len(content) < LONG_BYTES:
                return Answer(*facts)
            return await asyncio.get_running_loop().run_in_executor(None, Answer, *facts)

        return await asyncio.wait_for(send(), within)

    async def close(self) -> None:
        await self._client.aclose()



async def poll_every(
    poll: Callable[[], Awaitable[None]],
    on_error: Callable[[Exception], None],
    every: float,
    again: Callable[[], float],
) -> None:
    """Runs `poll` until it is cancelled: `every` seconds after it has finished, or `again()`."""
    while True:
        pause = every
        try:
            await poll()
        except Exception as error:  # any fault: a feed that has stopped would never recover
            pause = again()
            with contextlib.suppress(Exception):  # a log handler that fails must not end the feed
                on_error(error)
        await asyncio.sleep(pause)
