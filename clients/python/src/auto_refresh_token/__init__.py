"""Tokens of Auto Refresh Token in Python: a middleware for back ends, a session for clients."""

from ._guard import EXPOSED_HEADERS
from ._refusal import Refusal
from ._settings import ConfigurationError
from ._user import User
from .dependencies import (
    Status,
    auto_refresh_status,
    current_user,
    optional_user,
    require_role,
)
from .middleware import AutoRefreshTokenMiddleware
from .session import AuthError, Session, SignedOut
from .verifier import AccessTokenVerifier

__all__ = [
    "EXPOSED_HEADERS",
    "AccessTokenVerifier",
    "AuthError",
    "AutoRefreshTokenMiddleware",
    "ConfigurationError",
    "Refusal",
    "Session",
    "SignedOut",
    "Status",
    "User",
    "auto_refresh_status",
    "current_user",
    "optional_user",
    "require_role",
]
