"""The ASGI middleware."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable
from typing import Optional, Union

from ._asgi import ASGIApp, Headers, Message, Receive, Scope, Send
from ._client_request import ClientRequest
from ._client_watch import ClientWatch
from ._context import SCOPE_KEY, Context
from ._guard import EXPOSED_HEADERS, Guard, PendingRenewal
from ._log import LOGGER
from ._refusal import Refusal
from ._settings import ConfigurationError, Settings, read_settings

# The start of the application waits this long for keys and revocations.
STARTUP_WAIT = 5.0


class AutoRefreshTokenMiddleware:
    """Accepts only requests with a live access token and refreshes due tokens on the way.

    Tokens are verified in this process and checked against auth-api's revocations, which are read
    every second. The refresh token is peeked at before the application runs, and spent only when
    the application sends a 2xx: a client that gets an error would lose the new pair. Every option
    that is left out is read from the environment; see the README.

    `auto_refresh_threshold`: seconds before expiry from which a token is due (at most half its
    life); default 300. `user="optional"` accepts requests without any access token as anonymous.
    `public_paths` are not checked at all; a path that ends in `*` stands for all that begin so.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        auto_refresh_threshold: Optional[float] = None,
        issuer: Optional[str] = None,
        audience: Optional[str] = None,
        auth_api_url: Optional[str] = None,
        jwks_url: Optional[str] = None,
        api_key: Optional[str] = None,
        refresh: bool = True,
        user: str = "required",
        public_paths: Iterable[str] = (),
        cookie_secure: Union[str, bool, None] = None,
        cookie_samesite: Optional[str] = None,
        cookie_domain: Optional[str] = None,
        cookie_partitioned: Optional[bool] = None,
    ) -> None:
        self.app = app
        self._optional = user == "optional"
        paths = [public_paths] if isinstance(public_paths, str) else list(public_paths)
        self._public = frozenset(path for path in paths if not path.endswith("*"))
        self._public_prefixes = tuple(path[:-1] for path in paths if path.endswith("*"))
        self._guards: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Guard] = (
            weakref.WeakKeyDictionary()
        )
        self._has_warned_of_preflight = False
        self._settings: Optional[Settings] = None
        # Starlette builds its middleware within the lifespan, where servers take an exception for
        # an application without lifespan, and go on. So the fault is reported there.
        self._fault: Optional[ConfigurationError] = None
        try:
            if user not in ("required", "optional"):
                raise ConfigurationError("user must be required or optional")
            self._settings = read_settings(
                issuer=issuer,
                audience=audience,
                auth_api_url=auth_api_url,
                jwks_url=jwks_url,
                api_key=api_key,
                refresh=refresh,
                auto_refresh_threshold=auto_refresh_threshold,
                cookie_secure=cookie_secure,
                cookie_samesite=cookie_samesite,
                cookie_domain=cookie_domain,
                cookie_partitioned=cookie_partitioned,
            )
        except ConfigurationError as fault:
            self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        guard = self._guard()
        outer = scope.get(SCOPE_KEY)
        if not isinstance(outer, Context) or not outer.is_checked:
            outer = None
        if outer is not None and outer.guard.settings == guard.settings:
            # An outer instance refreshes the tokens: a second refresh would only repeat its work.
            if outer.user is None and not self._optional:
                raise outer.refuse("access_token_missing")
            await self.app(scope, receive, send)
            return
        context = Context(guard)
        scope[SCOPE_KEY] = context
        if self._is_public(scope):
            await self.app(scope, receive, send)
            return
        request = ClientRequest(scope)
        try:
            decision = await guard.check(
                request, optional=self._optional, can_carry=_can_carry(scope, request)
            )
        except Refusal as refusal:
            self._warn_of_preflight(request)
            await _send_refusal(refusal, scope, receive, send)
            return
        context.is_checked = True
        context.user = decision.user
        scope.setdefault("state", {})["user"] = decision.user
        if scope["type"] == "websocket":
            await self._run_websocket(scope, receive, send)
        else:
            await self._run_http(scope, receive, send, context, decision.renewal)

    async def _run_http(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        context: Context,
        renewal: Optional[PendingRenewal],
    ) -> None:
        watch: Optional[ClientWatch] = None
        if renewal is not None:
            # The server would answer `Expect: 100-continue` when it is asked for the body.
            expects = any(name == b"expect" for name, _ in scope["headers"])
            watch = ClientWatch(receive, looks_ahead=not expects)
            receive = watch.receive
        started = is_replaced = False

        async def send_renewed(message: Message) -> None:
            nonlocal started, is_replaced
            if is_replaced:
                return
            if message["type"] == "http.response.start":
                # A mounted application makes a 500 of a refusal that its routes have raised.
                if context.refusal is not None and message["status"] == 500 and not started:
                    started = is_replaced = True
                    await _send_refusal(context.refusal, scope, receive, send)
                    return
                is_first, started = not started, True
                if (
                    is_first
                    and renewal is not None
                    and watch is not None
                    and 200 <= message["status"] <= 299
                    and not await watch.is_gone()
                ):
                    new = await renewal()
                    message = {**message, "headers": _merge(message.get("headers", ()), new)}
            await send(message)

        try:
            await self.app(scope, receive, send_renewed)
        except Refusal as refusal:
            if not started:
                await _send_refusal(refusal, scope, receive, send)
            elif not is_replaced:
                raise
        finally:
            if watch is not None:
                await watch.close()

    async def _run_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = connected = False

        async def receive_noted() -> Message:
            nonlocal connected
            message = await receive()
            connected = True
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive_noted, send_noted)
        except Refusal as refusal:
            if answered:
                raise
            await _send_refusal(refusal, scope, None if connected else receive, send)

    def _guard(self) -> Guard:
        """Returns the guard of this event loop. Without a lifespan the first request starts it."""
        if self._settings is None:
            raise self._fault or ConfigurationError("AutoRefreshTokenMiddleware has no settings")
        loop = asyncio.get_running_loop()
        guard = self._guards.get(loop)
        if guard is None:
            guard = self._guards[loop] = Guard(self._settings)
            guard.start()
        return guard

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._fault is not None:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(self._fault)})
            return

        async def send_ready(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._guard().wait_until_ready(STARTUP_WAIT)
            elif message["type"].startswith("lifespan.shutdown."):
                # The server may end the event loop as soon as it has this message.
                await self._stop_guard()
            await send(message)

        try:
            await self.app(scope, receive, send_ready)
        finally:
            await self._stop_guard()

    async def _stop_guard(self) -> None:
        guard = self._guards.pop(asyncio.get_running_loop(), None)
        if guard is not None:
            await guard.stop()

    def _is_public(self, scope: Scope) -> bool:
        path, root = scope["path"], scope.get("root_path", "")
        if root and path.startswith(root + "/"):
            path = path[len(root) :]
        return path in self._public or path.startswith(self._public_prefixes or ("\0",))

    def _warn_of_preflight(self, request: ClientRequest) -> None:
        if request.method != "OPTIONS" or self._has_warned_of_preflight:
            return
        if request.first(b"access-control-request-method") is not None:
            self._has_warned_of_preflight = True
            LOGGER.warning(
                "CORS preflight refused: call add_middleware for CORSMiddleware after "
                "AutoRefreshTokenMiddleware, so that it answers first"
            )


def _can_carry(scope: Scope, request: ClientRequest) -> bool:
    """An upgraded connection has no response headers, and clients ignore those of OPTIONS."""
    is_http = scope["type"] == "http" and request.first(b"upgrade") is None
    return is_http and request.method != "OPTIONS"


def _merge(present: Iterable[tuple[bytes, bytes]], new: Headers) -> Headers:
    """Adds new headers: `set-cookie` is appended, others replace, exposed ones are merged."""
    headers = [(bytes(name), bytes(value)) for name, value in present]
    if not new:
        return headers
    expose = b"access-control-expose-headers"
    exposed = [
        name.strip()
        for key, value in headers
        if key.lower() == expose
        for name in value.decode("latin-1").split(",")
        if name.strip()
    ]
    known = {name.lower() for name in exposed}
    exposed += [name for name in EXPOSED_HEADERS if name.lower() not in known]
    replaced = {name for name, _ in new if name != b"set-cookie"} | {expose}
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    return [*kept, *new, (expose, ", ".join(exposed).encode("latin-1"))]


async def _send_refusal(
    refusal: Refusal, scope: Scope, receive: Optional[Receive], send: Send
) -> None:
    status, headers, body = refusal.to_response()
    kind = "http.response"
    if scope["type"] == "websocket":
        if receive is not None:
            await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            # Before the handshake this is a 403.
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
            return
        kind = "websocket.http.response"
    if scope.get("method") == "HEAD":
        body = b""
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
