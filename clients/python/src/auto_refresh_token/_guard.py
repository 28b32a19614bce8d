"""The guard of one event loop: who may pass, and whose tokens are refreshed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional, Union

from . import _log
from ._asgi import Headers
from ._auth_api import AuthApi, AuthApiError
from ._client_request import ClientRequest, PresentedToken
from ._clock import SharedClock
from ._feed import RevocationFeed
from ._jws import read_kid, read_payload
from ._keys import RemoteKeys
from ._log import LOGGER, LineBudget
from ._refresh_cookie import refresh_cookies
from ._refusal import Refusal
from ._renewal import UNAVAILABLE, DueToken, HttpRenewal, Outcome
from ._settings import Settings
from ._user import CLOCK_TOLERANCE, User, is_due, is_role_stale, to_user

# A request that arrives before keys and revocations have been read waits for them this long.
FIRST_REQUEST_WAIT = 3.0
# Of several cookies, one that would refresh this session wins.
RANKS = {
    "would_renew": 0,
    "rate_limited": 1,
    "unavailable": 2,
    "reused": 3,
    "user_inactive": 3,
    "revoked": 3,
    "expired": 4,
    "session_mismatch": 5,
    "invalid": 6,
}
# Proof of a theft or of an ended session refuses even a valid access token.
ALWAYS_REFUSED = {
    "reused": "refresh_token_reused",
    "revoked": "refresh_token_revoked",
    "user_inactive": "user_inactive",
}
REFUSED_WHEN_EXPIRED = {
    "expired": "refresh_token_expired",
    "invalid": "access_token_expired",
    "session_mismatch": "access_token_expired",
    "unavailable": "unavailable",
    "rate_limited": "rate_limited",
}
EXPOSED_HEADERS = ("X-Token-Refreshed", "X-New-Access-Token", "X-New-Refresh-Token")

PendingRenewal = Callable[[], Awaitable[Headers]]


@dataclass(frozen=True)
class Decision:
    """An accepted request. `user` is None for an anonymous one.

    `renewal`, if present, must be called once, before the head of a 2xx is sent to a client that
    can read it. It returns headers, and never raises a fault.
    """

    user: Optional[User]
    renewal: Optional[PendingRenewal] = None


class Guard:
    """Checks access tokens off-line and refreshes due ones. It belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._auth_api = AuthApi()
        self._clock = SharedClock()
        self._keys = RemoteKeys(settings.jwks_url, self._auth_api)
        base = f"{settings.auth_api_url}/api/v1/auth"
        self._feed = RevocationFeed(
            f"{base}/revocations",
            settings.api_key,
            self._auth_api,
            self._clock,
            self._keys.expect_change,
        )
        self._renewal = HttpRenewal(
            f"{base}/renewals", settings.api_key, self._auth_api, self._feed.is_unavailable
        )
        self._running: Optional[asyncio.Task[None]] = None
        self._started_at = 0.0
        self._lines = LineBudget()
        self._has_warned_of_subrequest = False
        self._has_logged_settings = False

    def start(self) -> None:
        """Starts to read keys and revocations; again after another event loop has ended."""
        if self._running is None:
            self._started_at = time.monotonic()
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stops reading and closes the connections."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        readers = [asyncio.ensure_future(one.run()) for one in (self._keys, self._feed)]
        try:
            await asyncio.gather(*readers)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            await self._auth_api.close()

    def is_ready(self) -> bool:
        """Whether keys and revocations have been read once."""
        return self._keys.read.is_set() and self._feed.read.is_set()

    def feed_age(self) -> Optional[float]:
        return self._feed.age() if self._feed.read.is_set() else None

    async def wait_until_ready(self, seconds: float) -> None:
        """Returns when the guard is ready, or after `seconds`."""
        if self.is_ready() or seconds <= 0:
            return
        both = asyncio.gather(self._keys.read.wait(), self._feed.read.wait())
        try:
            await asyncio.wait_for(both, seconds)
        except asyncio.TimeoutError:
            pass

    async def check(self, request: ClientRequest, *, optional: bool, can_carry: bool) -> Decision:
        """Returns a decision, or raises a `Refusal`.

        With `optional`, a request without any access token is accepted as anonymous. `can_carry`:
        whether the response can carry new tokens to the client.
        """
        seen: dict[str, object] = {}
        try:
            decision = await self._decide(request, optional, can_carry, seen)
        except Refusal as refusal:
            _log.debug("auto-refresh decided", **seen, action="refuse", code=refusal.code)
            if refusal.code == "unavailable":
                self._report(refusal)
            raise
        action = "renew" if decision.renewal is not None else "go_on"
        _log.debug("auto-refresh decided", **seen, action=action)
        return decision

    async def check_token(self, token: Optional[str]) -> tuple[str, User]:
        """Returns `valid` or `expired`, and the user. Raises a `Refusal` for any other token."""
        if token is None:
            raise Refusal("access_token_missing")
        if not self.is_ready():
            await self.wait_until_ready(self._started_at + FIRST_REQUEST_WAIT - time.monotonic())
        if not self.is_ready():
            fault = AuthApiError("Keys and revocations have not been read from auth-api yet")
            raise Refusal("unavailable") from fault
        user = await self._verify(token)
        if self._feed.is_revoked(user.sid):
            raise Refusal("access_token_revoked")
        is_live = self._clock.now() < user.exp
        is_stale = is_role_stale(user, self._feed.role_change(user.sub))
        return ("valid" if is_live and not is_stale else "expired"), user

    async def _verify(self, token: str) -> User:
        kid = read_kid(token)
        if kid is None:
            raise Refusal("access_token_invalid")
        # Its claims must not choose the session to refresh, so the client refreshes on its own.
        if self._feed.is_retired(kid):
            raise Refusal("access_token_expired")
        key = await self._keys.find(kid)
        if key is None:
            # The key may have been retired during the look-up.
            is_retired = self._feed.is_retired(kid)
            raise Refusal("access_token_expired" if is_retired else "access_token_invalid")
        payload = read_payload(token, key)
        user = to_user(payload, self.settings.issuer, self.settings.audience)
        if user is None:
            self._check_settings(payload)
            raise Refusal("access_token_invalid")
        ahead = user.iat - self._clock.now()
        if ahead > CLOCK_TOLERANCE:
            # Our issuer signed it, so a clock is wrong, not the caller.
            fault = AuthApiError(
                f"An access token was issued {round(ahead)} s in the future: compare the clocks"
            )
            raise Refusal("unavailable", retry_after=min(30, int(ahead) + 1)) from fault
        return user

    def _check_settings(self, payload: object) -> None:
        """An authentic token for other settings is our mistake: signing in again helps nobody."""
        if not isinstance(payload, dict):
            return
        issuer, audience = payload.get("iss"), payload.get("aud")
        configured = (self.settings.issuer, self.settings.audience)
        if not isinstance(issuer, str) or not isinstance(audience, str):
            return
        if (issuer, audience) == configured or to_user(payload, issuer, audience) is None:
            return
        if not self._has_logged_settings:
            LOGGER.error(
                "Access tokens rejected: issuer or audience differs from the configured value: "
                "configured=%s token=%s",
                configured,
                (issuer, audience),
            )
        self._has_logged_settings = True
        fault = AuthApiError("Issuer or audience of a token differs from the configured value")
        raise Refusal("unavailable") from fault

    async def _decide(
        self, request: ClientRequest, optional: bool, can_carry: bool, seen: dict[str, object]
    ) -> Decision:
        token = request.bearer_token()
        if token is None and optional:
            seen["access"] = "missing"
            return Decision(None)
        access, user = await self.check_token(token)
        seen["access"] = access
        seen["session_id"] = user.sid
        expired = access == "expired"
        now, threshold = self._clock.now(), self.settings.threshold
        seen["due"] = expired or is_due(user, now, threshold)
        if not seen["due"]:
            return Decision(user)
        can_carry = can_carry and self.settings.refresh and not self._is_subrequest(request)
        presented = request.refresh_token() if can_carry else None
        seen["transport"] = presented.transport if presented is not None else "none"
        if presented is None:
            if expired:
                raise Refusal("access_token_expired")
            return Decision(user)
        peeked, due = await self._peek_all(presented, user, request)
        seen["peeked"] = peeked.name
        code = ALWAYS_REFUSED.get(peeked.name)
        if code is None and expired:
            code = REFUSED_WHEN_EXPIRED.get(peeked.name)
        if code is not None:
            raise Refusal(code, retry_after=peeked.retry_after)
        if peeked.name != "would_renew":
            return Decision(user)
        current: dict[str, Any] = peeked.data["user"]
        user = replace(user, username=current["username"], role=current["role"])
        return Decision(user, lambda: self._renew(due, presented.transport))

    async def _peek_all(
        self, presented: PresentedToken, user: User, request: ClientRequest
    ) -> tuple[Outcome, DueToken]:
        """A reuse is sent to `renew` here: the alarm does not depend on the handler's success."""
        dues = [self._renewal.due_token(token, user.sid, request) for token in presented.tokens]
        peeks = await asyncio.gather(*map(self._renewal.peek, dues))
        peeked, due = min(zip(peeks, dues), key=lambda pair: RANKS[pair[0].name])
        if peeked.name != "reused":
            return peeked, due
        result = await self._renewal.renew(due)
        return (UNAVAILABLE if result.name == "renewed" else result), due

    async def _renew(self, due: DueToken, transport: str) -> Headers:
        renewed = await self._renewal.renew(due)
        _log.debug("auto-refresh renewed", session_id=due.session_id, renewed=renewed.name)
        if renewed.name != "renewed":
            LOGGER.warning(
                "Token refresh failed: the response carries no new tokens: session_id=%s: %s",
                due.session_id,
                renewed.name,
            )
            return []
        data = renewed.data
        fields: list[tuple[str, Union[str, Any]]] = [
            ("cache-control", "no-store, private"),
            ("x-token-refreshed", "true"),
            ("x-new-access-token", data["access_token"]),
        ]
        if transport == "cookie":
            max_age, settings = data["refresh_expires_in"], self.settings.cookie
            cookies = refresh_cookies(due.request, data["refresh_token"], max_age, settings)
            fields += [("set-cookie", one) for one in cookies]
        else:
            fields.append(("x-new-refresh-token", data["refresh_token"]))
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in fields]

    def _is_subrequest(self, request: ClientRequest) -> bool:
        """The proxy drops this response: a new pair would reach no client."""
        header = request.subrequest_header()
        if header is not None and not self._has_warned_of_subrequest:
            self._has_warned_of_subrequest = True
            LOGGER.warning(
                "Auto-refresh skipped: authentication subrequest of a proxy: header=%s path=%r",
                header,
                request.path,
            )
        return header is not None

    def _report(self, refusal: Refusal) -> None:
        omitted = self._lines.take()
        if omitted is not None:
            LOGGER.warning(
                "Answered 503: access token verification failed: %s: omitted=%d",
                refusal.__cause__ or "auth-api is unavailable",
                omitted,
            )
