"""What the middleware leaves in the scope of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ._guard import Guard
from ._refusal import Refusal
from ._user import User

SCOPE_KEY = "auto_refresh_token"


@dataclass
class Context:
    """`refusal`: raised by a dependency, which a mounted application turns into a 500."""

    guard: Guard
    user: Optional[User] = None
    is_checked: bool = False
    refusal: Optional[Refusal] = None

    def refuse(self, code: str) -> Refusal:
        """Returns the refusal for the caller to raise."""
        self.refusal = Refusal(code)
        return self.refusal


def context_of(scope: Mapping[str, Any]) -> Context:
    """Returns the context. Raises a RuntimeError without the middleware."""
    context = scope.get(SCOPE_KEY)
    if not isinstance(context, Context):
        raise RuntimeError("app.add_middleware(AutoRefreshTokenMiddleware) is missing")
    return context
