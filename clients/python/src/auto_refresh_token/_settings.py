"""Options of the middleware, which fall back to environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union
from urllib.parse import urlsplit

from ._refresh_cookie import CookieSettings

DEFAULT_THRESHOLD = 300.0


class ConfigurationError(ValueError):
    """Options that cannot work. The message names them, without values."""


@dataclass(frozen=True)
class Settings:
    """Checked options of a back end; see the README."""

    issuer: str
    audience: str
    auth_api_url: str
    jwks_url: str
    api_key: str
    refresh: bool
    threshold: float
    cookie: CookieSettings


def read_settings(
    *,
    issuer: Optional[str] = None,
    audience: Optional[str] = None,
    auth_api_url: Optional[str] = None,
    jwks_url: Optional[str] = None,
    api_key: Optional[str] = None,
    refresh: bool = True,
    auto_refresh_threshold: Optional[float] = None,
    cookie_secure: Union[str, bool, None] = None,
    cookie_samesite: Optional[str] = None,
    cookie_domain: Optional[str] = None,
    cookie_partitioned: Optional[bool] = None,
) -> Settings:
    """Completes options from the environment. Raises a `ConfigurationError`."""
    faults: list[str] = []
    issuer = issuer or _env("ISSUER")
    if not issuer:
        faults.append("issuer (ISSUER) is missing: set it to ISSUER of auth-api")
    base = (auth_api_url or _env("AUTH_API_URL") or issuer).rstrip("/")
    jwks = jwks_url or f"{base}/.well-known/jwks.json"
    if issuer and not all(_is_http_url(url) for url in (base, jwks)):
        faults.append("auth_api_url (AUTH_API_URL) and jwks_url must be http(s) URLs")
    key = api_key or _env("API_KEY") or _secret("API_KEY")
    if not key:
        faults.append(
            "api_key (API_KEY) is missing: set it to the secret of an entry of API_KEYS"
        )
    elif not (key.isascii() and key.isprintable() and " " not in key):
        faults.append("api_key (API_KEY) must be printable ASCII without blanks")
    threshold = auto_refresh_threshold
    if threshold is None:
        threshold = _number(_env("AUTO_REFRESH_THRESHOLD"), DEFAULT_THRESHOLD)
    if not 0 <= threshold < float("inf"):
        faults.append("auto_refresh_threshold must be a number of seconds, 0 or more")
    if cookie_partitioned is None:
        cookie_partitioned = _env("COOKIE_PARTITIONED").lower() == "true"
    cookie = CookieSettings(
        secure=str(_env("COOKIE_SECURE") if cookie_secure is None else cookie_secure).lower()
        or "auto",
        samesite=(cookie_samesite or _env("COOKIE_SAMESITE") or "lax").lower(),
        domain=cookie_domain or _env("COOKIE_DOMAIN") or None,
        partitioned=cookie_partitioned,
    )
    if cookie.secure not in ("auto", "true", "false"):
        faults.append("cookie_secure (COOKIE_SECURE) must be auto, true or false")
    if cookie.samesite not in ("lax", "strict", "none"):
        faults.append("cookie_samesite (COOKIE_SAMESITE) must be lax, strict or none")
    if faults:
        raise ConfigurationError("AutoRefreshTokenMiddleware: " + "; ".join(faults))
    return Settings(
        issuer=issuer,
        audience=audience or _env("AUDIENCE") or "auto-refresh",
        auth_api_url=base,
        jwks_url=jwks,
        api_key=key,
        refresh=refresh,
        threshold=threshold,
        cookie=cookie,
    )


def _env(name: str) -> str:
    return os.environ.get(name, "").strip()


def _secret(name: str) -> str:
    """The file of that name in SECRETS_DIR or /run/secrets."""
    try:
        return (Path(_env("SECRETS_DIR") or "/run/secrets") / name).read_text().strip()
    except (OSError, ValueError):
        return ""


def _number(text: str, default: float) -> float:
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
