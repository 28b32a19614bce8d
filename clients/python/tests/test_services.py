"""A back end beside the real services; their addresses are in the environment.

Tokens of TEST_AUTH_URL live for an hour, those of TEST_BRIEF_AUTH_URL for 3 s; both have the same
users, keys and sessions. A superseded refresh token counts as stolen after 1 s.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest
from back_end import create_app, serve, wait_until

import auto_refresh_token._guard as guard
from auto_refresh_token._auth_api import AuthApi, AuthApiError

URL, BRIEF_URL, API_KEY = (
    os.environ.get(name, "") for name in ("TEST_AUTH_URL", "TEST_BRIEF_AUTH_URL", "TEST_API_KEY")
)
pytestmark = pytest.mark.skipif(not URL, reason="no services")
AUTH = "/api/v1/auth"


@pytest.fixture(scope="module")
def back_end():
    app = create_app(issuer=URL, api_key=API_KEY)
    with serve(app) as url, httpx.Client(base_url=url, timeout=20) as client:
        wait_until(lambda: client.get("/readyz").json()["ready"])
        yield client


@pytest.fixture
def always_due(monkeypatch):
    monkeypatch.setattr(guard, "is_due", lambda *_: True)


def sign_in(url=URL, **more):
    body = {"username": "admin", "password": "password", **more}
    response = httpx.post(f"{url}{AUTH}/token", json=body, timeout=30)
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    refresh = data.get("refresh_token") or response.cookies.get("refresh_token")
    return data["access_token"], refresh


def headers(access, refresh=None):
    given = {"Authorization": f"Bearer {access}"}
    return given if refresh is None else {**given, "X-Refresh-Token": refresh}


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def is_alive(refresh):
    response = httpx.post(f"{URL}{AUTH}/refresh", json={"refresh_token": refresh}, timeout=30)
    return response.status_code == 200


def expired():
    access, refresh = sign_in(BRIEF_URL)
    until = jwt.decode(access, options={"verify_signature": False})["exp"]
    wait_until(lambda: time.time() > until + 0.1)
    return access, refresh


def test_a_valid_token_passes_and_a_signed_out_one_is_refused_within_2_s(back_end):
    access, refresh = sign_in()
    response = back_end.get("/cases", headers=headers(access, refresh))
    assert response.json()["username"] == "admin" and "x-token-refreshed" not in response.headers
    httpx.post(f"{URL}{AUTH}/logout", json={"refresh_token": refresh}, timeout=30)
    ended_at = time.monotonic()
    wait_until(lambda: back_end.get("/cases", headers=headers(access)).status_code == 401)
    waited = time.monotonic() - ended_at
    response = back_end.get("/cases", headers=headers(access))
    assert code_of(response) == (401, "access_token_revoked")
    print(f"refused {waited:.2f} s after the sign-out")


def test_a_due_token_is_refreshed_by_header_and_by_cookie(back_end, always_due):
    access, refresh = sign_in()
    response = back_end.get("/cases", headers=headers(access, refresh))
    new = response.headers["x-new-access-token"], response.headers["x-new-refresh-token"]
    assert response.headers["x-token-refreshed"] == "true"
    cookie = {**headers(new[0]), "Cookie": f"refresh_token={new[1]}"}
    response = back_end.get("/cases", headers=cookie)
    name, value = response.headers["set-cookie"].split(";")[0].split("=")
    assert name == "refresh_token" and value != new[1] and is_alive(value)
    assert back_end.get("/cases", headers=headers(response.headers["x-new-access-token"]))


def test_an_expired_token_passes_only_with_a_refresh_token(back_end):
    access, refresh = expired()
    response = back_end.get("/cases", headers=headers(access))
    assert code_of(response) == (401, "access_token_expired")
    response = back_end.get("/cases", headers=headers(access, "art_none"))
    assert code_of(response) == (401, "access_token_expired")
    response = back_end.get("/stream", headers=headers(access, refresh))
    assert response.text == "abc" and is_alive(response.headers["x-new-refresh-token"])
    other = sign_in()[1]
    response = back_end.get("/cases", headers=headers(access, other))
    assert code_of(response) == (401, "access_token_expired") and is_alive(other)


def test_errors_redirects_and_subrequests_leave_the_token_unspent(back_end, always_due):
    access, refresh = sign_in()
    for path in ("/status/404", "/status/500", "/status/302", "/throw"):
        # uvicorn closes the connection of a handler that throws.
        url = back_end.base_url.join(path)
        assert httpx.get(url, headers=headers(access, refresh)).status_code >= 300
    subrequest = {**headers(access, refresh), "X-Original-URI": "/other"}
    assert back_end.get("/cases", headers=subrequest).status_code == 200
    # Later than the grace window: had one of them spent it, this would be a theft.
    time.sleep(1.2)
    response = back_end.get("/cases", headers=headers(access, refresh))
    assert is_alive(response.headers["x-new-refresh-token"])


def test_20_requests_with_one_due_token_get_one_successor(back_end, always_due):
    given = headers(*sign_in())
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: back_end.get("/cases", headers=given), range(20)))
    assert {response.status_code for response in found} == {200}
    successors = {response.headers.get("x-new-refresh-token") for response in found} - {None}
    assert len(successors) == 1 and is_alive(successors.pop())


def test_a_lost_answer_is_fetched_again_after_the_grace_window(back_end, always_due, monkeypatch):
    access, refresh = sign_in()
    call = AuthApi.call

    async def lose(self, url, **given):
        answer = await call(self, url, **given)
        if url.endswith("/renewals"):
            raise AuthApiError("the answer was lost")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(AuthApi, "call", lose)
        response = back_end.get("/cases", headers=headers(access, refresh))
        assert response.status_code == 200 and "x-token-refreshed" not in response.headers
    time.sleep(1.2)
    response = back_end.get("/cases", headers=headers(access, refresh))
    assert is_alive(response.headers["x-new-refresh-token"])


def test_a_reuse_is_refused_before_the_handler_and_ends_the_session(back_end, always_due):
    access, refresh = sign_in()
    successor = back_end.get("/cases", headers=headers(access, refresh)).headers
    # Time in which the process stalled does not count towards the window.
    deadline = time.monotonic() + 30
    while True:
        time.sleep(1.2)
        response = back_end.get("/status/500", headers=headers(access, refresh))
        if response.status_code == 401:
            break
        assert time.monotonic() < deadline
    assert response.json()["error"]["code"] in ("refresh_token_reused", "access_token_revoked")
    assert not is_alive(successor["x-new-refresh-token"])
