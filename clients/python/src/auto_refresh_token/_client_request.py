"""A request as the guard reads it: headers of an ASGI scope that anyone can have written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import urlsplit

from ._asgi import Scope
from ._refusal import Refusal

REFRESH_HEADER = b"x-refresh-token"
HOST_COOKIE = "__Host-refresh_token"
COOKIE = "refresh_token"
MAX_REFRESH_TOKEN_LENGTH = 1024
# Each cookie costs a call. Browsers send the one with the shortest path, ours, last.
MAX_COOKIES = 16
# Traefik, Caddy and ingress-nginx send these with nothing but authentication subrequests.
ORIGINAL_METHODS = (b"x-forwarded-method", b"x-original-method")
SUBREQUEST_ONLY = (b"x-auth-request-redirect", *ORIGINAL_METHODS)
# Some proxies send these with every request.
ORIGINAL_TARGETS = (b"x-original-uri", b"x-original-url", b"x-forwarded-uri")
_BEARER = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE)
_LOOPBACK = re.compile(
    r"(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)", re.IGNORECASE
)


@dataclass(frozen=True)
class PresentedToken:
    """Refresh tokens as the client sent them, not verified. Only cookies can be several."""

    tokens: list[str]
    transport: str


@dataclass
class ClientRequest:
    """The request of an ASGI scope. `waited`: seconds that it has spent on auth-api."""

    scope: Scope
    waited: float = field(default=0.0)

    def values(self, name: bytes) -> list[str]:
        """Returns every value of a header, in the order sent."""
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key == name]

    def first(self, name: bytes) -> Optional[str]:
        """Returns the first value of a header."""
        return next(iter(self.values(name)), None)

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "GET"))

    @property
    def path(self) -> str:
        """The path as the client sent it."""
        raw = self.scope.get("raw_path")
        path = raw.decode("latin-1") if raw else str(self.scope["path"])
        return path.split("?", 1)[0]

    @property
    def address(self) -> str:
        """The client's address; empty over a Unix socket."""
        client = self.scope.get("client")
        return str(client[0])[:64] if client else ""

    @property
    def hostname(self) -> str:
        host = self.first(b"host") or ""
        return host.split("]")[0] + "]" if host.startswith("[") else host.split(":")[0]

    def bearer_token(self) -> Optional[str]:
        """Returns the access token (RFC 6750 2.1). Raises a `Refusal` for two such headers."""
        values = self.values(b"authorization")
        if len(values) > 1:
            raise Refusal("invalid_request", detail="Send one Authorization header")
        found = _BEARER.fullmatch(values[0].strip()) if values else None
        return _some(found.group(1)) if found else None

    def refresh_token(self) -> Optional[PresentedToken]:
        """Returns the refresh token of the header, else of the cookie.

        Raises a `Refusal` for two headers.
        """
        values = self.values(REFRESH_HEADER)
        if len(values) > 1:
            raise Refusal("ambiguous_refresh_token")
        header = _some(values[0]) if values else None
        if header is not None:
            return PresentedToken([header[:MAX_REFRESH_TOKEN_LENGTH]], "header")
        host, plain = self.refresh_cookies()
        distinct = list(dict.fromkeys(one[:MAX_REFRESH_TOKEN_LENGTH] for one in host or plain))
        # Cookies without the prefix of our tokens belong to another application.
        tokens = ([one for one in distinct if has_prefix(one)] or distinct)[-MAX_COOKIES:]
        return PresentedToken(tokens, "cookie") if tokens else None

    def refresh_cookies(self) -> tuple[list[str], list[str]]:
        """Returns the values of `__Host-refresh_token` and of `refresh_token`.

        A sibling host or another application can also set the latter.
        """
        pairs = [pair.strip() for value in self.values(b"cookie") for pair in value.split(";")]

        def values_of(name: str) -> list[str]:
            given = [pair[len(name) + 1 :] for pair in pairs if pair.startswith(name + "=")]
            return [token for token in given if _some(token) is not None]

        return values_of(HOST_COOKIE), values_of(COOKIE)

    def subrequest_header(self) -> Optional[str]:
        """Returns the header that shows that a proxy only asks for permission for another request.

        One with the target of a request shows it if it contains another path than this request: a
        proxy that sends it with every request sends this path, perhaps with a prefix that it
        removes. One with a method shows it unless all of them describe exactly this request.
        """
        for name in SUBREQUEST_ONLY:
            if any(self.values(name)) and not (
                name in ORIGINAL_METHODS and self._is_described(name)
            ):
                return name.decode()
        for name in ORIGINAL_TARGETS:
            targets = [_to_path(target) for target in self.values(name) if target]
            if not all(map(self._is_this_request, targets)):
                return name.decode()
        return None

    def _is_described(self, name: bytes) -> bool:
        """Whether a proxy that describes every request, as Envoy can, describes this one."""
        query = self.scope.get("query_string", b"").decode("latin-1")
        url = f"{self.path}?{query}" if query else self.path
        hosts = self.values(b"host")
        # A header that is sent twice describes two requests.
        targets = [values for values in map(self.values, ORIGINAL_TARGETS) if any(values)]
        return (
            self.values(name) == [self.method]
            and (self.values(b"x-forwarded-host") or hosts) == hosts
            and targets != []
            and all(values == [url] for values in targets)
        )

    def _is_this_request(self, target: str) -> bool:
        if self.path != "/":
            return target.endswith(self.path)
        # Every path with a trailing slash ends in `/`: there the proxy must name the prefix.
        prefix = (self.first(b"x-forwarded-prefix") or "").rstrip("/")
        return target == "/" or (prefix != "" and prefix == target.rstrip("/"))

    def is_plain_loopback(self) -> bool:
        """Whether a browser on this machine connects over plain HTTP, as far as one can see.

        HTTP/1.0, the page's `Origin` or a forwarding header reveal a proxy that rewrites `Host`.
        """
        if self.scope.get("scheme", "http") != "http" or self.scope.get("http_version") == "1.0":
            return False
        if not _LOOPBACK.fullmatch(self.hostname):
            return False
        origin, host = self.first(b"origin"), self.first(b"x-forwarded-host")
        return (
            (origin is None or _is_loopback_url(origin))
            and (host is None or _is_loopback_url(f"http://{host}"))
            and self.first(b"x-forwarded-proto") in (None, "http")
        )


def has_prefix(token: str) -> bool:
    """Whether a value has the prefix of our refresh tokens. This proves nothing."""
    return token.startswith("art_")


def _some(token: Optional[str]) -> Optional[str]:
    """Clients that concatenate strings send the words `null` and `undefined`."""
    return None if token in (None, "", "null", "undefined") else token


def _to_path(target: str) -> str:
    """Accepts a URL, or a path with a query."""
    path = re.sub(r"^[a-z]+://[^/?]*", "", target, flags=re.IGNORECASE).split("?", 1)[0]
    return path or "/"


def _is_loopback_url(text: str) -> bool:
    try:
        return _LOOPBACK.fullmatch(urlsplit(text).hostname or "") is not None
    except ValueError:
        return False
