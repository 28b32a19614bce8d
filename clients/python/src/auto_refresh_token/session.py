"""Keeps one user signed in: for scripts, desktop applications and devices."""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from typing import Any, Optional

import httpx

# Only these say that the session is over. No status, no time-out and no foreign answer does.
OVER = frozenset(
    {
        "refresh_token_invalid",
        "refresh_token_expired",
        "refresh_token_revoked",
        "refresh_token_reused",
        "session_mismatch",
        "user_inactive",
    }
)
# Seconds before expiry from which a token is refreshed; at most half its life.
THRESHOLD = 300

Pair = dict[str, Any]


class AuthError(Exception):
    """A call that failed. With `retryable` it can succeed later, and the user stays signed in."""

    def __init__(self, code: str, retryable: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable


class SignedOut(AuthError):
    """Nobody is signed in (any more): ask for name and password. `code` says why."""


class Session:
    """One user on one device. One Session for each file, in one process, for all its threads.

    `api_url`: the back end, if it is not auth-api. `patience`: seconds for which a refresh is
    retried. `transport`: for tests.
    """

    def __init__(
        self,
        auth_url: str,
        file: str,
        api_url: Optional[str] = None,
        patience: float = 25,
        transport: Optional[httpx.BaseTransport] = None,
    ) -> None:
        self._auth = auth_url.rstrip("/") + "/api/v1/auth"
        self._api = (api_url or auth_url).rstrip("/")
        self._file = file
        self._patience = patience
        # Follows no redirect: a token must not.
        self._http = httpx.Client(timeout=8, transport=transport)
        self._lock = threading.RLock()
        self._pair = self._load()

    def close(self) -> None:
        """Closes the connections; the file stays."""
        self._http.close()

    def sign_in(self, username: str, password: str) -> None:
        """Signs in. Raises an `AuthError`, such as `invalid_credentials`."""
        with self._lock:
            data, error, _ = self._post("/token", {"username": username, "password": password})
            if error is not None:
                raise error
            self._keep(data)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As `httpx.request`, with the access token.

        `path` starts with a slash; a body must be one that can be sent twice. Raises `SignedOut`,
        or an `AuthError` if the token has expired and cannot be refreshed now.
        """
        pair = self._live_pair()
        answer = self._send(method, path, pair, options)
        if answer.status_code == 401 and _read(answer)[1] in (
            "access_token_expired",
            "access_token_revoked",
        ):
            answer = self._send(method, path, self.refresh(pair), options)
        return answer

    def refresh(self, stale: Optional[Pair] = None, patience: Optional[float] = None) -> Pair:
        """Renews the pair and returns it; threads that ask for the same one share one refresh."""
        deadline = time.monotonic() + (self._patience if patience is None else patience)
        with self._lock:
            pair = self._pair
            if pair is None:
                raise SignedOut("signed_out")
            if stale is not None and pair["access_token"] != stale["access_token"]:
                return pair  # another thread was faster
            if "attempt_key" not in pair:
                # On disk before it is sent: under this key an answer that got lost is fetched
                # again, after a restart too.
                pair = self._store({**pair, "attempt_key": secrets.token_hex(16)})
            pause = 0.2
            while True:
                body = {"refresh_token": pair["refresh_token"]}
                key = {"Idempotency-Key": pair["attempt_key"]}
                data, error, wait = self._post("/refresh", body, key)
                if error is None:
                    return self._keep(data)
                if error.code in OVER:
                    self._forget()
                    raise SignedOut(error.code)
                wait += pause * random.uniform(0.5, 1)
                if not error.retryable or time.monotonic() + wait > deadline:
                    raise error
                time.sleep(wait)
                pause = min(pause * 2, 5)

    def sign_out(self) -> None:
        """Forgets the tokens, and ends the session at the server unless that is unavailable."""
        with self._lock:
            pair = self._pair
            self._forget()
        if pair is not None:
            self._post("/logout", {"refresh_token": pair["refresh_token"]})

    def _live_pair(self) -> Pair:
        pair = self._pair
        if pair is None:
            raise SignedOut("signed_out")
        now = time.time()
        if now < pair["due_at"]:
            return pair
        if now >= pair["expires_at"]:
            return self.refresh(pair)
        # Due, and good for now: one thread tries once, and none waits for it.
        if self._lock.acquire(blocking=False):
            try:
                return self.refresh(pair, patience=0)
            except SignedOut:
                raise
            except AuthError:
                return pair
            finally:
                self._lock.release()
        return pair

    def _send(self, method: str, path: str, pair: Pair, options: dict[str, Any]) -> httpx.Response:
        if not path.startswith("/"):
            raise ValueError("the path starts with a slash: a token goes to no other origin")
        token = {"Authorization": "Bearer " + pair["access_token"]}
        headers = {**options.get("headers", {}), **token}
        return self._http.request(method, self._api + path, **{**options, "headers": headers})

    def _post(
        self, path: str, body: dict[str, Any], headers: Optional[dict[str, str]] = None
    ) -> tuple[dict[str, Any], Optional[AuthError], float]:
        """Returns data, what is wrong, and the seconds that the server asks to wait."""
        try:
            answer = self._http.post(self._auth + path, json=body, headers=headers)
        except httpx.RequestError:
            return {}, AuthError("network_error", retryable=True), 0
        data, code, retryable = _read(answer)
        if answer.status_code == 200 and (path == "/logout" or "access_token" in data):
            return data, None, 0
        wait = answer.headers.get("Retry-After", "")
        seconds = int(wait) if wait.isdigit() else 0
        # Without a code it was a proxy or a portal that spoke, not the API.
        return {}, AuthError(code or "unexpected_answer", retryable or code is None), seconds

    def _keep(self, data: dict[str, Any]) -> Pair:
        now, life = time.time(), data["expires_in"]
        tokens = {name: data[name] for name in ("access_token", "refresh_token")}
        due_at = now + life - min(THRESHOLD, life / 2)
        return self._store({**tokens, "due_at": due_at, "expires_at": now + life})

    def _store(self, pair: Pair) -> Pair:
        """All of it in one write, readable by its owner alone."""
        new = self._file + ".new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(pair, file)
        os.replace(new, self._file)
        self._pair = pair
        return pair

    def _load(self) -> Optional[Pair]:
        try:
            with open(self._file) as file:
                pair: Pair = json.load(file)
                return pair
        except FileNotFoundError:
            return None

    def _forget(self) -> None:
        self._pair = None
        if os.path.exists(self._file):
            os.remove(self._file)


def _read(answer: httpx.Response) -> tuple[dict[str, Any], Optional[str], bool]:
    """(data, code, retryable) of an answer, whoever gave it; no code when that was not the API."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    content = content if isinstance(content, dict) else {}
    parts = (content.get("data"), content.get("error"))
    data, error = (part if isinstance(part, dict) else {} for part in parts)
    code = error.get("code")
    return data, code if isinstance(code, str) else None, error.get("retryable") is True
