"""The signed-in user, and what the claims of an access token mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

# Allowed difference between two clocks (FAPI 2.0 5.3.2.1). It does not apply to expiry.
CLOCK_TOLERANCE = 10
# auth-api signs no longer life, and keeps revocations no longer.
LONGEST_ACCESS_TOKEN_SECONDS = 86_400
MAX_SAFE_INTEGER = 2**53 - 1
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXTS = ("iss", "aud", "jti", "client_id", "username", "role")
_TIMES = ("exp", "iat", "auth_time", "session_exp")


@dataclass(frozen=True)
class User:
    """The signed-in user. Times are Unix seconds."""

    sub: str
    """user id"""
    sid: str
    """session id: log it with `jti`, so that an investigation can follow a stolen token"""
    username: str
    role: str
    client_id: str
    jti: str
    iss: str
    aud: str
    iat: int
    exp: int
    auth_time: int
    """when the user was authenticated"""
    session_exp: int
    """the absolute end of the session"""
    amr: tuple[str, ...] = ()
    """how the user was authenticated (RFC 8176)"""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """the user's own claims"""


def to_user(payload: object, issuer: str, audience: str) -> Optional[User]:
    """Returns the user of an authentic payload, or None.

    All claims must be present and well-typed, the issuer and the audience must match, and the
    times must be consistent.
    """
    if not isinstance(payload, dict) or not _has_types(payload):
        return None
    iat, exp = payload["iat"], payload["exp"]
    if payload["iss"] != issuer or payload["aud"] != audience:
        return None
    if not iat < exp <= payload["session_exp"] or exp - iat > LONGEST_ACCESS_TOKEN_SECONDS:
        return None
    nbf = payload.get("nbf", iat)
    if isinstance(nbf, bool) or not isinstance(nbf, (int, float)) or nbf > iat + CLOCK_TOLERANCE:
        return None
    amr, claims = payload.get("amr"), payload.get("claims")
    return User(
        **{name: payload[name] for name in (*_TEXTS, *_TIMES, "sub", "sid")},
        amr=tuple(one for one in amr if isinstance(one, str)) if isinstance(amr, list) else (),
        claims=claims if isinstance(claims, dict) else {},
    )


def _has_types(payload: dict[str, Any]) -> bool:
    return (
        all(isinstance(payload.get(name), str) for name in _TEXTS)
        and all(
            type(payload.get(name)) is int and 0 <= payload[name] <= MAX_SAFE_INTEGER
            for name in _TIMES
        )
        and all(
            isinstance(payload.get(name), str) and _UUID.fullmatch(payload[name]) is not None
            for name in ("sub", "sid")
        )
    )


def is_due(user: User, now: float, threshold: float) -> bool:
    """Whether the token expires within `threshold` seconds, and the session outlives it.

    The threshold is at most half the token's life. At the end of a session no token is due.
    """
    threshold = min(threshold, (user.exp - user.iat) / 2)
    return user.exp - now <= threshold and user.session_exp > user.exp


@dataclass(frozen=True)
class RoleChange:
    """The last change of a user's role. `issued_before`: Unix seconds, shortly after it."""

    role: str
    issued_before: float
    until: float


def is_role_stale(user: User, change: Optional[RoleChange]) -> bool:
    """Whether the token has a role from before the change.

    A token with the new role is never stale, so a refresh always helps, even if clocks differ.
    """
    return change is not None and user.role != change.role and user.iat < change.issued_before
