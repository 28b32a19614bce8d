"""Refusals of requests, with the codes and texts of auth-api."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any, Optional

# Status, whether the same request can succeed later, and what to do: as in auth-api.
CODES: dict[str, tuple[int, bool, str]] = {
    "invalid_request": (
        400,
        False,
        "The request is not valid; see the API reference at /docs",
    ),
    "ambiguous_refresh_token": (
        400,
        False,
        "The request carries more than one refresh token; send one",
    ),
    "access_token_missing": (
        401,
        False,
        "Send the access token as Authorization: Bearer",
    ),
    "access_token_invalid": (401, False, "The access token is invalid; sign in again"),
    "access_token_expired": (401, False, "The access token has expired; refresh it"),
    "access_token_revoked": (
        401,
        False,
        "The session of this access token has ended; sign in again",
    ),
    "refresh_token_expired": (
        401,
        False,
        "The refresh token has expired; sign in again",
    ),
    "refresh_token_revoked": (
        401,
        False,
        "The session of this refresh token has ended; sign in again",
    ),
    "refresh_token_reused": (
        401,
        False,
        "The refresh token was used before and its session has ended; sign in again",
    ),
    "user_inactive": (401, False, "This account is not active"),
    "forbidden": (403, False, "This is not allowed"),
    "rate_limited": (429, True, "Too many requests; try again after Retry-After seconds"),
    "unavailable": (
        503,
        True,
        "The service cannot answer right now; "
        "try the same request again after Retry-After seconds",
    ),
}

MAX_RETRY_AFTER_SECONDS = 5


class Refusal(Exception):
    """A refused request. The middleware responds with its status and auth-api's error envelope.

    `code` is one of `CODES`; `retry_after` is in seconds. The message contains no input.
    """

    def __init__(
        self, code: str, *, detail: Optional[str] = None, retry_after: Optional[int] = None
    ) -> None:
        self.status, self.retryable, message = CODES[code]
        super().__init__(detail or message)
        self.code = code
        self.message = detail or message
        self.retry_after = retry_after

    def to_response(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Returns status, headers and body of the response."""
        request_id = str(uuid.uuid4())
        error = {"code": self.code, "retryable": self.retryable, "request_id": request_id}
        envelope: dict[str, Any] = {
            "status": self.status,
            "message": self.message,
            "data": None,
            "error": error,
        }
        body = json.dumps(envelope, separators=(",", ":")).encode()
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store, private"),
            (b"x-request-id", request_id.encode()),
        ]
        if self.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        retry_after = self.retry_after
        if retry_after is None and self.code == "unavailable":
            # Random, so that clients do not retry all at once.
            retry_after = random.randint(1, MAX_RETRY_AFTER_SECONDS)
        if retry_after is not None:
            headers.append((b"retry-after", str(retry_after).encode()))
        return self.status, headers, body
