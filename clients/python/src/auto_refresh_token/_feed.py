"""The sessions that have ended, the retired signing keys, the roles that have changed."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional

from ._auth_api import Answer, AuthApi, AuthApiError, poll_every
from ._clock import SharedClock
from ._log import LOGGER
from ._user import RoleChange

POLL = 1.0
DEADLINE = 2.0
# Reads the whole list again, in case an increment was incomplete.
FULL_READ = 600.0
# Removes expired entries, of which there may be a million.
SWEEP = 60.0
# An older list stays in use, but a warning is logged.
STALE = 5.0
_DIGITS = re.compile(r"[0-9]{1,15}")


class RevocationFeed:
    """Reads the whole list first, then every second what is new.

    While auth-api is unavailable the list stays in use. All times are those of the monotonic
    clock, so that a jump of the other one never revives a revoked token.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        auth_api: AuthApi,
        clock: SharedClock,
        on_retired: Callable[[], None],
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._auth_api = auth_api
        self._clock = clock
        self._on_retired = on_retired
        self._revoked: dict[str, float] = {}
        self._retired: set[str] = set()
        self._roles: dict[str, RoleChange] = {}
        self._etag: Optional[str] = None
        self._since: Optional[str] = None
        self._full_read_at = -math.inf
        self._responded_at = -math.inf
        self._as_of = -math.inf
        self._swept_at = time.monotonic()
        self._warned = False
        self.read = asyncio.Event()

    async def run(self) -> None:
        """Reads the list until it is cancelled."""
        await poll_every(self._poll, self._report, POLL, lambda: POLL)

    def is_revoked(self, session_id: str) -> bool:
        return self._revoked.get(session_id, -math.inf) > time.monotonic()

    def is_retired(self, kid: str) -> bool:
        """Whether the signing key was retired because it may have leaked."""
        return kid in self._retired

    def role_change(self, user_id: str) -> Optional[RoleChange]:
        """The last change of the user's role, while older tokens may be unexpired."""
        change = self._roles.get(user_id)
        return change if change is not None and change.until > time.monotonic() else None

    def age(self) -> float:
        """Seconds since the list was complete; infinite before the first time."""
        return time.monotonic() - self._as_of

    def is_unavailable(self) -> bool:
        """Whether auth-api has not responded for 5 s, not even with an error."""
        return time.monotonic() - self._responded_at > STALE

    async def _poll(self) -> None:
        if time.monotonic() - self._full_read_at >= FULL_READ:
            self._since = None
        url = self._url if self._since is None else f"{self._url}?since={self._since}"
        headers = {"authorization": f"Bearer {self._api_key}"}
        if self._etag is not None:
            headers["if-none-match"] = self._etag
        sent_at = time.monotonic()
        answer = await self._auth_api.call(url, headers=headers, deadline=DEADLINE)
        self._responded_at = time.monotonic()
        server_ms = answer.headers.get("x-clock-ms", "")
        if _DIGITS.fullmatch(server_ms):
            self._clock.observe(int(server_ms) / 1000, sent_at, self._responded_at)
        if answer.status != 304:
            if answer.status != 200 or not self._accept(answer):
                explained = answer.explain("the request for revocations", "revocations:read")
                raise AuthApiError(explained)
        age = answer.headers.get("age", "")
        age_seconds = int(age) if _DIGITS.fullmatch(age) else 0
        # With several auth-api replicas the most recent list counts, because entries stay.
        self._as_of = max(self._as_of, self._responded_at - age_seconds)
        if self.age() > STALE:
            self._warn_once("auth-api serves an outdated list: it cannot reach token-store")
        elif self._warned:
            LOGGER.info("Revocation feed recovered")
            self._warned = False
        if self._responded_at - self._swept_at >= SWEEP:
            self._sweep()
        self.read.set()

    def _accept(self, answer: Answer) -> bool:
        """Takes an answer over; False, and nothing is taken, if it is not a list."""
        data = answer.data
        try:
            now = time.monotonic()
            revoked = [
                (_text(one["session_id"]), now + _seconds(one["expires_in"]))
                for one in data["revocations"]
            ]
            retired = {_text(kid) for kid in data.get("retired_kids") or ()}
            roles = list(_role_changes(data, now))
        except (KeyError, TypeError, ValueError):
            return False
        for session_id, until in revoked:
            self._revoked[session_id] = max(until, self._revoked.get(session_id, until))
        # Nothing is taken back before its end, even if another replica does not name it yet.
        is_news = self.read.is_set() and not retired <= self._retired
        self._retired |= retired
        for user_id, change in roles:
            known = self._roles.get(user_id)
            if known is None or change.issued_before >= known.issued_before:
                self._roles[user_id] = change
        self._etag = answer.headers.get("etag")
        as_of = data.get("as_of")
        self._since = as_of if isinstance(as_of, str) and _DIGITS.fullmatch(as_of) else None
        if data.get("partial") is not True:
            self._full_read_at = self._responded_at
        if is_news:
            self._on_retired()
        return True

    def _report(self, error: Exception) -> None:
        if self.age() > STALE:
            self._warn_once(str(error) if isinstance(error, AuthApiError) else repr(error))

    def _warn_once(self, why: str) -> None:
        if not self._warned:
            consequence = (
                "the known ones stay in use"
                if self.read.is_set()
                else "requests get a 503 until it succeeds"
            )
            text = "Reading the revocations from auth-api failed: %s: %s"
            LOGGER.warning(text, consequence, why)
        self._warned = True

    def _sweep(self) -> None:
        now = self._swept_at = time.monotonic()
        self._revoked = {sid: until for sid, until in self._revoked.items() if until > now}
        self._roles = {user: one for user, one in self._roles.items() if one.until > now}


def _role_changes(data: dict[str, Any], now: float) -> Iterator[tuple[str, RoleChange]]:
    for one in data.get("role_changes") or ():
        issued_before = one["issued_before"]
        if not isinstance(issued_before, (int, float)):
            raise TypeError
        until = now + _seconds(one["expires_in"])
        yield _text(one["user_id"]), RoleChange(_text(one["role"]), issued_before, until)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _seconds(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value
