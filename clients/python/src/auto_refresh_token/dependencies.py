"""Dependencies for FastAPI, and functions for Starlette, behind the middleware."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from ._context import context_of
from ._refusal import Refusal
from ._user import User

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
else:
    try:
        # FastAPI looks for this name to know that it must pass the request.
        from starlette.requests import HTTPConnection
    except ImportError:
        HTTPConnection = Any


async def optional_user(connection: HTTPConnection) -> Optional[User]:
    """Returns the signed-in user, or None for an anonymous request.

    Raises a RuntimeError on a path of `public_paths`, which the middleware does not check.
    """
    context = context_of(connection.scope)
    if not context.is_checked:
        raise RuntimeError("A path of public_paths has no user: use user='optional' instead")
    return context.user


async def current_user(connection: HTTPConnection) -> User:
    """Returns the signed-in user, or raises the `Refusal` `access_token_missing` (401)."""
    user = await optional_user(connection)
    if user is None:
        raise context_of(connection.scope).refuse("access_token_missing")
    return user


def require_role(role: str) -> Callable[[HTTPConnection], Awaitable[User]]:
    """Creates a dependency that returns a user of this role; others get `forbidden` (403)."""

    async def user_with_role(connection: HTTPConnection) -> User:
        user = await current_user(connection)
        if user.role != role:
            raise context_of(connection.scope).refuse("forbidden")
        return user

    return user_with_role


@dataclass(frozen=True)
class Status:
    """`ready`: keys and revocations have been read once; until then every request gets a 503.

    `feed_age_seconds`: age of the revocations, None before that. Above 5, revoked access tokens
    may be accepted.
    """

    ready: bool
    feed_age_seconds: Optional[float]


async def auto_refresh_status(connection: HTTPConnection) -> Status:
    """Returns the state of the middleware, for a readiness probe on a public path."""
    guard = context_of(connection.scope).guard
    return Status(guard.is_ready(), guard.feed_age())

