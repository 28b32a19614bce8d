"""Refreshes tokens through auth-api, on behalf of the user who sent the request."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from ._auth_api import Answer, AuthApi, AuthApiError
from ._client_request import ClientRequest
from ._log import LOGGER

# Time that a request may spend on auth-api, on top of its handler.
REQUEST = 3.0
# Limit of one call, so that a slow peek leaves a second for the refresh.
CALL = 2.0
# Fewer than the connections of the pool: calls that queue for one, while auth-api is slow, would
# delay the revocations and block the event loop.
MAX_CALLS = 100
MAX_OPEN = 10_000
# A user who lost an answer in the evening may return the next morning.
KEPT = 86_400.0
# Outcomes after which the key can be dropped: the client gets the successor, or there is none.
FINAL = frozenset({"renewed", "invalid", "expired", "revoked", "reused", "user_inactive"})
REFUSALS = (FINAL - {"renewed"}) | {"session_mismatch"}


@dataclass
class Attempt:
    """One refresh token on its way to a final answer, under one `Idempotency-Key`."""

    token_hash: bytes
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    open_peeks: int = 0
    may_be_rotated: bool = False
    settled: bool = False
    at: float = field(default_factory=time.monotonic)


class Attempts:
    """Assigns the `Idempotency-Key` for refreshing a token.

    All requests with the same token share one key, from the first peek until auth-api has given a
    final answer. With a key for each request, the key that rotated the token could be dropped in
    favour of another request's, and the user would look like a thief.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, Attempt] = OrderedDict()

    def find(self, token: str) -> Attempt:
        """Returns the open attempt of the token, or begins one."""
        token_hash = hashlib.sha256(token.encode()).digest()
        known = self._open.get(token_hash)
        if known is not None and time.monotonic() - known.at <= KEPT:
            return known
        attempt = Attempt(token_hash)
        self._keep(attempt)
        return attempt

    def begin_peek(self, attempt: Attempt) -> None:
        """Since `find` another request's peek may have ended, and dropped the shared key."""
        attempt.open_peeks += 1
        if not attempt.settled and attempt.token_hash not in self._open:
            self._keep(attempt)

    def end_peek(self, attempt: Attempt) -> None:
        """Tokens that would not be refreshed, such as made-up ones, are not kept."""
        attempt.open_peeks -= 1
        if attempt.open_peeks == 0 and not attempt.may_be_rotated:
            self._drop(attempt)

    def begin_renewal(self, attempt: Attempt) -> None:
        """From here on the key is kept until `settle`: a call that failed may be carried out."""
        attempt.may_be_rotated = True
        if not attempt.settled and self._open.get(attempt.token_hash, attempt) is attempt:
            self._keep(attempt)

    def settle(self, attempt: Attempt) -> None:
        attempt.settled = True
        self._drop(attempt)

    def _keep(self, attempt: Attempt) -> None:
        """Keeps the entries in the order of use, so that the oldest is first."""
        self._open.pop(attempt.token_hash, None)
        now = attempt.at = time.monotonic()
        while self._open:
            oldest = next(iter(self._open.values()))
            if len(self._open) < MAX_OPEN and now - oldest.at <= KEPT:
                break
            self._open.popitem(last=False)
        self._open[attempt.token_hash] = attempt

    def _drop(self, attempt: Attempt) -> None:
        if self._open.get(attempt.token_hash) is attempt:
            del self._open[attempt.token_hash]


@dataclass(frozen=True)
class DueToken:
    """A refresh token that a request presented for the session of its access token."""

    token: str
    session_id: str
    request: ClientRequest
    attempt: Attempt


@dataclass(frozen=True)
class Outcome:
    """What auth-api says: `would_renew`, `renewed`, or why a token was not exchanged."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def retry_after(self) -> Optional[int]:
        seconds = self.data.get("retry_after_seconds")
        return seconds if type(seconds) is int and seconds >= 0 else None


UNAVAILABLE = Outcome("unavailable")


class HttpRenewal:
    """Calls auth-api. Each call carries an `Idempotency-Key`, so a lost answer comes again."""

    def __init__(
        self, url: str, api_key: str, auth_api: AuthApi, is_unavailable: Callable[[], bool]
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._auth_api = auth_api
        self._is_unavailable = is_unavailable
        self._attempts = Attempts()
        self._is_rejected = False
        self._calls = 0

    def due_token(self, token: str, session_id: str, request: ClientRequest) -> DueToken:
        return DueToken(token, session_id, request, self._attempts.find(token))

    async def peek(self, due: DueToken) -> Outcome:
        """Returns what `renew` would return now, and changes nothing. Never raises a fault."""
        self._attempts.begin_peek(due.attempt)
        try:
            outcome = await self._post("/peek", due, _read_peek)
            if outcome.name == "would_renew":
                due.attempt.may_be_rotated = True
            return outcome
        finally:
            self._attempts.end_peek(due.attempt)

    async def renew(self, due: DueToken) -> Outcome:
        """Exchanges the refresh token for the next pair. Never raises a fault."""
        self._attempts.begin_renewal(due.attempt)
        outcome = await self._post("", due, _read_renewal)
        if outcome.name in FINAL:
            self._attempts.settle(due.attempt)
        return outcome

    async def _post(
        self, path: str, due: DueToken, read: Callable[[dict[str, Any]], Optional[Outcome]]
    ) -> Outcome:
        # When auth-api is known to be unavailable, or is slow, no request waits for it.
        if self._is_unavailable() or self._calls >= MAX_CALLS:
            return UNAVAILABLE
        request = due.request
        body = {
            "refresh_token": due.token,
            "expected_session_id": due.session_id,
            "client": {
                "address": request.address,
                "agent": (request.first(b"user-agent") or "")[:1024],
            },
        }
        headers = {
            "authorization": f"Bearer {self._api_key}",
            "idempotency-key": due.attempt.key,
        }
        started_at = time.monotonic()
        self._calls += 1
        try:
            answer = await self._auth_api.call(
                self._url + path,
                method="POST",
                headers=headers,
                body=body,
                deadline=min(CALL, REQUEST - request.waited),
            )
        except AuthApiError:
            return UNAVAILABLE
        finally:
            self._calls -= 1
            request.waited += time.monotonic() - started_at
        outcome = read(answer.data) if answer.status == 200 else None
        if outcome is None:
            self._explain(answer)
            return UNAVAILABLE
        self._is_rejected = False
        return outcome

    def _explain(self, answer: Answer) -> None:
        """A rejected key is logged once: users with due tokens pass, so nothing else shows it."""
        if answer.status in (401, 403) and not self._is_rejected:
            self._is_rejected = True
            LOGGER.error(
                "Refreshing through auth-api failed: no token is refreshed: %s",
                answer.explain("a refresh", "tokens:refresh"),
            )


def _read_peek(data: dict[str, Any]) -> Optional[Outcome]:
    user = data.get("user")
    if data.get("outcome") != "would_renew":
        return _read_refusal(data)
    if not isinstance(user, dict):
        return None
    is_complete = all(isinstance(user.get(name), str) for name in ("username", "role"))
    return Outcome("would_renew", data) if is_complete else None


def _read_renewal(data: dict[str, Any]) -> Optional[Outcome]:
    if data.get("outcome") != "renewed":
        return _read_refusal(data)
    is_complete = (
        all(isinstance(data.get(name), str) for name in ("access_token", "refresh_token"))
        and type(data.get("refresh_expires_in")) is int
    )
    return Outcome("renewed", data) if is_complete else None


def _read_refusal(data: dict[str, Any]) -> Optional[Outcome]:
    name = data.get("outcome")
    if name == "rate_limited" and type(data.get("retry_after_seconds")) is int:
        return Outcome("rate_limited", data)
    return Outcome(name) if isinstance(name, str) and name in REFUSALS else None
