"""Access tokens in synchronous back ends (Flask, Django, workers)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from typing import Any, Optional

from ._client_request import ClientRequest
from ._guard import Guard
from ._log import LOGGER
from ._refusal import Refusal
from ._settings import read_settings
from ._user import User

# The guard itself answers within 5 s.
ANSWER_WITHIN = 10.0


class AccessTokenVerifier:
    """Verifies access tokens off-line, with auth-api's keys and revocations, from any thread.

    A daemon thread reads both, from the first call on, also after a fork. The options are those
    of the middleware; the key needs the scope `revocations:read` only.
    """

    def __init__(
        self,
        *,
        issuer: Optional[str] = None,
        audience: Optional[str] = None,
        auth_api_url: Optional[str] = None,
        jwks_url: Optional[str] = None,
        api_key: Optional[str] = None,
    ) -> None:
        self._settings = read_settings(
            issuer=issuer,
            audience=audience,
            auth_api_url=auth_api_url,
            jwks_url=jwks_url,
            api_key=api_key,
            refresh=False,
        )
        self._lock = threading.Lock()
        self._has_failed = False
        self._running: Optional[tuple[int, asyncio.AbstractEventLoop, Guard]] = None

    def verify(self, authorization: Optional[str]) -> User:
        """Returns the user of the value of an `Authorization` header.

        Raises a `Refusal`, with `code`, `status` and `to_response()`: 401 `access_token_missing`,
        `access_token_invalid`, `access_token_expired` or `access_token_revoked`, or 503.
        """
        headers = [] if authorization is None else [(b"authorization", _encode(authorization))]
        token = ClientRequest({"headers": headers}).bearer_token()
        loop, guard = self._start()
        answer = asyncio.run_coroutine_threadsafe(guard.check_token(token), loop)
        try:
            outcome, user = answer.result(ANSWER_WITHIN)
        except concurrent.futures.TimeoutError:
            answer.cancel()
            raise Refusal("unavailable") from None
        if outcome != "valid":
            raise Refusal("access_token_expired")
        return user

    def feed_age_seconds(self) -> Optional[float]:
        """Returns the age of the revocations, None before the first.

        Above 5, revoked tokens may be accepted. Raises a `Refusal` if reading cannot start.
        """
        return self._start()[1].feed_age()

    def close(self) -> None:
        """Ends the thread."""
        with self._lock:
            running, self._running = self._running, None
        if running is None or running[0] != os.getpid():
            return
        _, loop, guard = running
        asyncio.run_coroutine_threadsafe(guard.stop(), loop).result(ANSWER_WITHIN)
        loop.call_soon_threadsafe(loop.stop)

    def _start(self) -> tuple[asyncio.AbstractEventLoop, Guard]:
        with self._lock:
            if self._running is None or self._running[0] != os.getpid():
                loop = asyncio.new_event_loop()
                threading.Thread(
                    target=_run, args=(loop,), name="auto-refresh-token", daemon=True
                ).start()
                try:
                    guard: Any = asyncio.run_coroutine_threadsafe(self._begin(), loop).result()
                except Exception as error:
                    # such as a wrong SSL_CERT_FILE
                    loop.call_soon_threadsafe(loop.stop)
                    if not self._has_failed:
                        LOGGER.error("Starting to read from auth-api failed: %s", error)
                    self._has_failed = True
                    raise Refusal("unavailable") from error
                self._running = (os.getpid(), loop, guard)
            return self._running[1], self._running[2]

    async def _begin(self) -> Guard:
        guard = Guard(self._settings)
        guard.start()
        return guard


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _encode(text: str) -> bytes:
    return text.encode("latin-1", "replace")
