"""auth-api's public keys (RFC 7517)."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Optional

from ._auth_api import AuthApi, AuthApiError, poll_every
from ._jws import PublicKey, to_public_key
from ._log import LOGGER
from ._refusal import Refusal

REFRESH = 300.0
AGAIN = 10.0
# Until the first keys are read every request is refused.
FIRST_AGAIN = 1.0
# Anyone can invent a kid, so an unknown one triggers a request at most this often.
COOL_DOWN = 5.0
# How long the last known keys stay valid while auth-api is unavailable.
KEPT = 86_400.0
DEADLINE = 2.0
# How long a key stays valid after it is no longer published. If it was retired, the feed says so.
DROPPED = 30.0
# After a key is retired its successor signs at once, but not every replica publishes it yet.
CHANGING = 10.0
CHANGING_COOL_DOWN = 0.5


class RemoteKeys:
    """Reads the keys in the background. Only a request with an unknown kid waits for them."""

    def __init__(self, url: str, auth_api: AuthApi) -> None:
        self._url = url
        self._auth_api = auth_api
        self._keys: dict[str, PublicKey] = {}
        self._dropped: dict[str, tuple[PublicKey, float]] = {}
        self._changing_until = -math.inf
        self._read_at = -math.inf
        self._tried_at = -math.inf
        self._fault: Optional[Exception] = None
        self._under_way: Optional[asyncio.Task[None]] = None
        self._failing = False
        self.read = asyncio.Event()

    async def run(self) -> None:
        """Reads the keys until it is cancelled."""
        try:
            await poll_every(
                self._poll,
                self._report,
                REFRESH,
                lambda: AGAIN if self._keys else FIRST_AGAIN,
            )
        finally:
            if self._under_way is not None:
                self._under_way.cancel()

    async def find(self, kid: str) -> Optional[PublicKey]:
        """Returns the key, or None for an unknown kid.

        Raises the `Refusal` `unavailable` if that cannot be decided: auth-api did not respond, or
        a key was retired a moment ago.
        """
        key = self._known(kid)
        if key is not None:
            return key
        is_changing = time.monotonic() < self._changing_until
        cool_down = CHANGING_COOL_DOWN if is_changing else COOL_DOWN
        if self._under_way is not None or time.monotonic() - self._tried_at >= cool_down:
            await self._refresh()
        if self._fault is not None:
            raise Refusal("unavailable") from self._fault
        key = self._known(kid)
        if key is None and is_changing:
            fault = AuthApiError("A key was retired a moment ago; its successor is not here yet")
            raise Refusal("unavailable") from fault
        return key

    def expect_change(self) -> None:
        """Call when a key was retired: for a while an unknown kid may be its successor."""
        self._changing_until = time.monotonic() + CHANGING

    async def _poll(self) -> None:
        await self._refresh()
        if self._fault is not None:
            raise self._fault
        self._failing = False

    def _report(self, error: Exception) -> None:
        if not self._failing:
            LOGGER.warning(
                "Reading the keys from auth-api failed: the known keys stay in use for a day: %s",
                error,
            )
        self._failing = True

    async def _refresh(self) -> None:
        """Reads once at a time. The error is in `_fault`."""
        if self._under_way is None:
            self._under_way = asyncio.get_running_loop().create_task(self._read_keys())
        # A request that is cancelled does not cancel the reading that others wait for.
        await asyncio.shield(self._under_way)

    async def _read_keys(self) -> None:
        try:
            answer = await self._auth_api.call(self._url, deadline=DEADLINE)
            listed = answer.body.get("keys") if isinstance(answer.body, dict) else None
            pairs = map(to_public_key, listed if isinstance(listed, list) else [])
            found = dict(pair for pair in pairs if pair is not None)
            if answer.status != 200 or not found:
                raise AuthApiError(
                    f"auth-api responded {answer.status} to the request for its keys, without any"
                )
            self._replace(found)
            self._fault = None
            self.read.set()
        except Exception as error:  # any fault is ours: 503, never a 401
            self._fault = error
        finally:
            self._tried_at = time.monotonic()
            self._under_way = None

    def _replace(self, found: dict[str, PublicKey]) -> None:
        now = self._read_at = time.monotonic()
        self._dropped = {kid: one for kid, one in self._dropped.items() if one[1] > now}
        for kid, key in self._keys.items():
            if kid not in found:
                self._dropped[kid] = (key, now + DROPPED)
        self._keys = found

    def _known(self, kid: str) -> Optional[PublicKey]:
        now = time.monotonic()
        if now - self._read_at > KEPT:
            return None
        former = self._dropped.get(kid)
        return self._keys.get(kid) or (former[0] if former and now < former[1] else None)
