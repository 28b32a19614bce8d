"""The refresh cookie."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Optional
from urllib.parse import quote

from ._client_request import COOKIE, HOST_COOKIE, ClientRequest, has_prefix

MAX_DOMAINS = 5


@dataclass(frozen=True)
class CookieSettings:
    """The same values as `COOKIE_*` of auth-api.

    `secure`: `auto`, `true` or `false`. `auto` is Secure except on plain HTTP on this machine,
    where some browsers reject a Secure cookie.
    """

    secure: str = "auto"
    samesite: str = "lax"
    domain: Optional[str] = None
    partitioned: bool = False


@dataclass(frozen=True)
class _Variant:
    """What distinguishes cookies of one host in a browser."""

    name: str
    domain: Optional[str]
    partitioned: bool


def refresh_cookies(
    request: ClientRequest, token: str, max_age: int, settings: CookieSettings
) -> list[str]:
    """Returns the values of Set-Cookie for a new token.

    They also clear the cookies that the request carried under another name, domain or partition:
    after a change of settings the browser would keep sending a stale one.
    """
    is_secure = _is_secure(request, settings)
    own = (
        _Variant(HOST_COOKIE, None, settings.partitioned)
        if settings.domain is None and is_secure
        else _Variant(COOKIE, settings.domain, settings.partitioned)
    )
    cookies = [_serialize(own, token, max(0, max_age), is_secure, settings)]
    for stale in _stale_variants(request, own):
        cookies.append(_serialize(stale, "", 0, is_secure, settings))
    return cookies


def _stale_variants(request: ClientRequest, own: _Variant) -> list[_Variant]:
    host, plain = request.refresh_cookies()
    plain_count = sum(map(has_prefix, plain))
    is_plain = own.name == COOKIE
    stale: list[_Variant] = []
    if (plain_count if is_plain else len(host)) > 1:
        stale.append(_Variant(own.name, own.domain, not own.partitioned))
    if is_plain and host:
        stale.append(_Variant(HOST_COOKIE, None, own.partitioned))
    if plain_count > (1 if is_plain else 0):
        kept = own.domain.lstrip(".") if own.domain else None
        stale.extend(
            _Variant(COOKIE, domain, own.partitioned)
            for domain in [None, *_domains(request.hostname)]
            if not is_plain or domain != kept
        )
    return stale


def _domains(hostname: str) -> list[str]:
    """The domains for which a page of this host may have cookies."""
    labels = hostname.lower().split(".")
    if len(labels) < 2 or hostname.startswith("["):
        return []
    try:
        ipaddress.ip_address(hostname)
        return []
    except ValueError:
        return [".".join(labels[index:]) for index in range(len(labels) - 1)][-MAX_DOMAINS:]


def _is_secure(request: ClientRequest, settings: CookieSettings) -> bool:
    if settings.secure != "auto":
        return settings.secure == "true"
    return settings.samesite == "none" or not request.is_plain_loopback()


def _serialize(
    variant: _Variant, token: str, max_age: int, is_secure: bool, settings: CookieSettings
) -> str:
    parts = [f"{variant.name}={quote(token, safe='')}", f"Max-Age={max_age}"]
    if variant.domain is not None:
        parts.append(f"Domain={variant.domain}")
    parts += ["Path=/", "HttpOnly"]
    if is_secure or variant.name == HOST_COOKIE or variant.partitioned:
        parts.append("Secure")
    if variant.partitioned:
        parts.append("Partitioned")
    parts.append(f"SameSite={settings.samesite.capitalize()}")
    return "; ".join(parts)
