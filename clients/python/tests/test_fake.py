"""What a back end does with each token, response and outage; auth-api is a fake."""

import asyncio
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from back_end import create_app, serve, wait_until
from cryptography.hazmat.primitives.asymmetric import ec
from fake_auth_api import API_KEY, ISSUER, SESSION, USER
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import auto_refresh_token._feed as _feed
import auto_refresh_token._guard as _guard
import auto_refresh_token.middleware as middleware
from auto_refresh_token import (
    EXPOSED_HEADERS,
    AccessTokenVerifier,
    AutoRefreshTokenMiddleware,
    Refusal,
)
from auto_refresh_token._auth_api import Answer, AuthApiError
from auto_refresh_token._client_request import ClientRequest
from auto_refresh_token._renewal import MAX_CALLS, HttpRenewal

NEW = {"x-token-refreshed": "true", "x-new-access-token": "a2"}


def due(fake, **more):
    return {"Authorization": f"Bearer {fake.sign(left=100)}", "X-Refresh-Token": "art_r1", **more}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def code_of(response):
    body = response.json()
    assert body["status"] == response.status_code and body["data"] is None
    assert response.headers["x-request-id"] == body["error"]["request_id"]
    assert response.headers["cache-control"] == "no-store, private"
    return response.status_code, body["error"]["code"]


def is_new(response):
    return "x-token-refreshed" in response.headers


def test_a_valid_token_passes_with_typed_claims_and_nothing_is_refreshed(fake, back_end):
    token = fake.sign(claims={"tenant": 7, "rate": 1e-7}, amr=["pwd"])
    response = back_end.get("/cases", headers={**bearer(token), "X-Refresh-Token": "art_r1"})
    assert response.json() == {
        "username": "ann",
        "role": "user",
        "claims": {"tenant": 7, "rate": 1e-7},
    }
    assert not is_new(response) and fake.calls == []


@pytest.mark.parametrize("left", [100, -100])
def test_a_2xx_carries_the_new_pair_and_the_handler_sees_the_current_role(fake, back_end, left):
    headers = {**bearer(fake.sign(left=left)), "X-Refresh-Token": "art_r1", "User-Agent": "phone"}
    response = back_end.get("/cases", headers=headers)
    assert response.json()["role"] == "admin"
    assert NEW.items() <= dict(response.headers).items()
    assert response.headers["x-new-refresh-token"] == "art_r2"
    assert response.headers["cache-control"] == "no-store, private"
    assert response.headers["access-control-expose-headers"] == ", ".join(EXPOSED_HEADERS)
    (peek, key, body), (_, same_key, _) = fake.calls
    assert peek.endswith("/peek") and key == same_key
    assert body == {
        "refresh_token": "art_r1",
        "expected_session_id": SESSION,
        "client": {"address": "127.0.0.1", "agent": "phone"},
    }


def test_a_cookie_is_renewed_as_a_cookie_and_stale_ones_are_cleared(fake, back_end):
    token = bearer(fake.sign(left=100))
    response = back_end.get("/cases", headers={**token, "Cookie": "refresh_token=art_r1"})
    assert response.headers.get_list("set-cookie") == [
        "refresh_token=art_r2; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
    ]
    assert "x-new-refresh-token" not in response.headers
    public = {**token, "Host": "app.example.com"}
    cookies = "refresh_token=art_old; __Host-refresh_token=art_r1"
    response = back_end.get("/cases", headers={**public, "Cookie": cookies})
    attributes = "Path=/; HttpOnly; Secure; SameSite=Lax"
    assert response.headers.get_list("set-cookie") == [
        f"__Host-refresh_token=art_r2; Max-Age=604800; {attributes}",
        f"refresh_token=; Max-Age=0; {attributes}",
        f"refresh_token=; Max-Age=0; Domain=app.example.com; {attributes}",
        f"refresh_token=; Max-Age=0; Domain=example.com; {attributes}",
    ]
    assert fake.calls[-1][2]["refresh_token"] == "art_r1"


@pytest.mark.parametrize(
    "path", ["/status/404", "/status/503", "/status/302", "/throw", "/nothing"]
)
def test_errors_and_redirects_spend_nothing(fake, back_end, path):
    response = back_end.get(path, headers=due(fake))
    assert response.status_code >= 300 and not is_new(response)
    assert fake.renewals() == []


def test_a_stream_carries_the_new_pair_and_keeps_its_own_headers(fake, back_end):
    response = back_end.get("/stream", headers={**due(fake), "Cookie": "refresh_token=art_c"})
    assert response.text == "abc" and NEW.items() <= dict(response.headers).items()
    assert response.headers["cache-control"] == "no-store, private"
    assert response.headers["access-control-expose-headers"] == (
        "ETag, x-token-refreshed, X-New-Access-Token, X-New-Refresh-Token"
    )
    by_cookie = {**bearer(fake.sign(left=100)), "Cookie": "refresh_token=art_c"}
    cookies = back_end.get("/stream", headers=by_cookie).headers.get_list("set-cookie")
    assert [one.split(";")[0] for one in cookies] == ["theme=dark", "refresh_token=art_r2"]


def test_a_body_reaches_the_handler_of_a_refreshed_request(fake, back_end):
    body = b"x" * 300_000
    response = back_end.post("/echo", headers=due(fake), content=body)
    assert response.content == body and is_new(response)
    # The handler does not read this body; the look ahead must neither block nor fail.
    assert is_new(back_end.post("/cases", headers=due(fake), content=body))


def test_head_carries_the_new_pair_and_options_does_not(fake, back_end):
    assert is_new(back_end.head("/cases", headers=due(fake)))
    calls = len(fake.calls)
    response = back_end.options("/cases", headers=due(fake))
    assert response.status_code == 200 and not is_new(response)
    assert len(fake.calls) == calls
    assert back_end.head("/cases").status_code == 401


def test_a_subrequest_of_a_proxy_spends_nothing(fake, own_back_end, lines):
    others = [
        ("X-Original-URI", "/other?x=/cases"),
        ("X-Original-URL", "https://app.example/other"),
        ("X-Original-URL", "https://app.example"),
        ("X-Forwarded-Uri", "/other"),
        ("X-Forwarded-Method", "GET"),
        ("X-Original-Method", "GET"),
        ("X-Auth-Request-Redirect", "/"),
    ]
    for name, target in others:
        assert not is_new(own_back_end.get("/cases", headers=due(fake, **{name: target}))), name
    assert fake.calls == []
    assert sum("authentication subrequest" in line for line in lines()) == 1
    same = ("/api/cases?a=1", "https://app.example/cases", "")
    for target in same:
        assert is_new(own_back_end.get("/cases?a=1", headers=due(fake, **{others[0][0]: target})))
    root = {"X-Original-URI": "/other/"}
    own_back_end.get("/", headers=due(fake, **root))
    assert len(fake.calls) == 2 * len(same)
    own_back_end.get("/", headers=due(fake, **root, **{"X-Forwarded-Prefix": "/other"}))
    assert len(fake.calls) == 2 * len(same) + 1


def test_a_proxy_that_describes_every_request_hinders_no_refresh(fake, back_end):
    described = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/cases?a=1"}
    assert is_new(back_end.get("/cases?a=1", headers=due(fake, **described)))
    before = len(fake.calls)
    for other in (
        {"X-Forwarded-Method": "POST"},
        {"X-Forwarded-Host": "app.example"},
        {"X-Forwarded-Uri": "/cases"},
        {"X-Original-URL": "https://app.example/cases?a=1"},
        {"X-Original-Method": "POST"},
    ):
        headers = due(fake, **{**described, **other})
        assert not is_new(back_end.get("/cases?a=1", headers=headers)), other
    assert len(fake.calls) == before


def test_many_calls_to_a_slow_auth_api_do_not_queue():
    async def run():
        slow = asyncio.Event()
        calls = []

        class SlowAuthApi:
            async def call(self, url, **_):
                calls.append(url)
                await slow.wait()
                raise AuthApiError("late")

        renewal = HttpRenewal("/renewals", "key", SlowAuthApi(), lambda: False)

        async def renew(token):
            request = ClientRequest({"headers": []})
            return await renewal.renew(renewal.due_token(token, SESSION, request))

        waiting = [asyncio.ensure_future(renew(f"art_{one}")) for one in range(MAX_CALLS)]
        while len(calls) < MAX_CALLS:
            await asyncio.sleep(0)
        refused = await asyncio.wait_for(renew("art_more"), 20)
        assert refused.name == "unavailable"
        assert len(calls) == MAX_CALLS
        slow.set()
        await asyncio.gather(*waiting)
        await renew("art_more")
        assert len(calls) == MAX_CALLS + 1

    asyncio.run(run())


def test_a_peek_of_a_shared_key_outlives_one_that_has_just_ended():
    user = {"username": "ann", "role": "user"}
    would_renew = {"outcome": "would_renew", "user": user}
    answers = [{"outcome": "invalid"}, would_renew, {"outcome": "revoked"}, {"outcome": "invalid"}]

    class Api:
        async def call(self, *_, **__):
            content = json.dumps({"data": answers.pop(0)}).encode()
            return Answer(200, httpx.Headers(), content)

    async def run():
        renewal = HttpRenewal("/renewals", "key", Api(), lambda: False)

        def find():
            return renewal.due_token("art_1", SESSION, ClientRequest({"headers": []}))

        first, second = find(), find()
        assert (await renewal.peek(first)).name == "invalid"
        assert (await renewal.peek(second)).name == "would_renew"
        assert find().attempt is second.attempt
        # A late peek does not bring a settled key back.
        await renewal.renew(second)
        await renewal.peek(first)
        assert find().attempt is not second.attempt

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/slow", "/slow-without-look"])
def test_nothing_is_spent_for_a_client_that_is_gone(fake, app, path):
    with serve(app) as url:
        port = int(url.rsplit(":", 1)[1])
        connection = socket.create_connection(("127.0.0.1", port))
        head = "".join(f"{name}: {value}\r\n" for name, value in due(fake).items())
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode())
        assert app.state.reached.wait(20)
        connection.close()
        if path == "/slow":
            assert app.state.disconnected.wait(20)
        else:
            wait_until(lambda: not app.state.server.server_state.connections)
            app.state.go_on.set()
        with httpx.Client(base_url=url) as client:
            assert client.get("/cases", headers=bearer(fake.sign())).status_code == 200
    assert len(fake.calls) == 1 and fake.renewals() == []


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("reused", "refresh_token_reused"),
        ("revoked", "refresh_token_revoked"),
        ("user_inactive", "user_inactive"),
    ],
)
def test_proof_of_an_ended_session_is_refused_before_the_handler(fake, back_end, outcome, code):
    fake.peek = fake.renewal = {"outcome": outcome}
    response = back_end.get("/cases", headers=due(fake))
    assert code_of(response) == (401, code) and response.headers["www-authenticate"] == "Bearer"
    # A reuse is reported at once.
    assert len(fake.renewals()) == (outcome == "reused")


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        ("expired", 401, "refresh_token_expired"),
        ("invalid", 401, "access_token_expired"),
        ("session_mismatch", 401, "access_token_expired"),
        ("rate_limited", 429, "rate_limited"),
    ],
)
def test_anything_less_refuses_an_expired_token_only(fake, back_end, outcome, status, code):
    fake.peek = {"outcome": outcome, "retry_after_seconds": 7}
    response = back_end.get("/cases", headers=due(fake))
    assert response.status_code == 200 and not is_new(response)
    expired = {**due(fake), **bearer(fake.sign(left=-1))}
    response = back_end.get("/cases", headers=expired)
    assert code_of(response) == (status, code)
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)


def test_an_expired_token_without_a_refresh_token_is_401(fake, back_end):
    for refresh in ({}, {"X-Refresh-Token": "null"}, {"Cookie": "refresh_token="}):
        response = back_end.get("/cases", headers={**bearer(fake.sign(left=-1)), **refresh})
        assert code_of(response) == (401, "access_token_expired")
    assert fake.calls == []


def test_a_lost_answer_is_fetched_again_under_the_same_key(fake, back_end):
    fake.lose_renewals = 2
    response = back_end.get("/cases", headers=due(fake))
    assert response.status_code == 200 and not is_new(response)
    assert is_new(back_end.get("/cases", headers=due(fake)))
    assert len({key for _, key, _ in fake.calls}) == 1
    # After a final answer the token has a new key.
    back_end.get("/cases", headers=due(fake))
    assert len({key for _, key, _ in fake.calls}) == 2


def test_parallel_requests_with_one_token_share_one_key(fake, back_end):
    fake.lose_renewals = 1
    headers = due(fake)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: back_end.get("/cases", headers=headers), range(20)))
    assert all(response.status_code == 200 for response in found)
    first = [key for path, key, _ in fake.calls if path.endswith("/peek")][0]
    assert all(is_new(response) for response in found) and fake.calls[0][1] == first


def test_a_stale_role_is_refreshed_or_refused(fake, own_back_end):
    change = {"user_id": USER, "role": "admin", "issued_before": time.time() + 5, "expires_in": 60}
    fake.role_changes = [change]
    old = bearer(fake.sign())
    wait_until(lambda: own_back_end.get("/cases", headers=old).status_code == 401)
    assert code_of(own_back_end.get("/cases", headers=old)) == (401, "access_token_expired")
    response = own_back_end.get("/cases", headers={**old, "X-Refresh-Token": "art_r1"})
    assert response.json()["role"] == "admin" and is_new(response)
    assert own_back_end.get("/cases", headers=bearer(fake.sign(role="admin"))).status_code == 200


def test_a_revoked_session_and_a_retired_key_are_refused(fake, own_back_end):
    token = bearer(fake.sign())
    assert own_back_end.get("/cases", headers=token).status_code == 200
    fake.as_of = "1796112000000"
    fake.revoked = [SESSION]
    wait_until(lambda: own_back_end.get("/cases", headers=token).status_code == 401)
    assert code_of(own_back_end.get("/cases", headers=token)) == (401, "access_token_revoked")
    # An increment takes nothing back.
    fake.revoked, seen = [], len(fake.feed_paths)
    wait_until(lambda: len(fake.feed_paths) > seen + 1)
    assert fake.feed_paths[-1].endswith("?since=1796112000000")
    assert own_back_end.get("/cases", headers=token).status_code == 401
    other = bearer(fake.sign(sid=USER))
    assert own_back_end.get("/cases", headers=other).status_code == 200
    fake.retired_kids = ["key-1"]
    wait_until(lambda: own_back_end.get("/cases", headers=other).status_code == 401)
    with_refresh = {**other, "X-Refresh-Token": "art_r1"}
    refused = own_back_end.get("/cases", headers=with_refresh)
    assert code_of(refused) == (401, "access_token_expired")
    # Its successor signs before each replica publishes it: that is no proof against the user.
    fake.key, fake.kid = ec.generate_private_key(ec.SECP256R1()), "key-2"
    successor = bearer(fake.sign(sid=USER))
    wait_until(lambda: own_back_end.get("/cases", headers=successor).status_code == 200)


def test_tokens_of_others_and_hostile_headers_get_coded_4xx(fake, back_end):
    mine = ec.generate_private_key(ec.SECP256R1())
    good = fake.sign()
    head, body, signature = good.split(".")
    other_body = fake.sign(role="admin").split(".")[1]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare_bits = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    bad = [
        fake.sign(key=mine),
        fake.sign(kid="unknown"),
        fake.sign(typ="JWT"),
        fake.sign(key="x" * 32),
        fake.sign(left=90_000, life=90_000),
        fake.sign(exp=True),
        fake.sign(sub="ann"),
        fake.sign(session_exp=1),
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.{spare_bits}",
        f"{head}.{body}.",
        f"{good}.x",
        good + "=",
        "x" * 9000,
        "x.y.z",
        ". .",
    ]
    for token in bad:
        response = back_end.get("/cases", headers=bearer(token))
        assert code_of(response) == (401, "access_token_invalid"), token
    raw = [(b"authorization", b"Bearer \xe9\xff" + good.encode())]
    assert code_of(back_end.get("/cases", headers=raw)) == (401, "access_token_invalid")
    for missing in ("", "Bearer", "Bearer null", "Basic YTpi", "Bearer undefined"):
        response = back_end.get("/cases", headers={"Authorization": missing})
        assert code_of(response) == (401, "access_token_missing")
    two = [("authorization", f"Bearer {good}")] * 2
    assert code_of(back_end.get("/cases", headers=two)) == (400, "invalid_request")
    refresh = [("x-refresh-token", "art_1"), ("x-refresh-token", "art_2")]
    response = back_end.get("/cases", headers=[*bearer(fake.sign(left=9)).items(), *refresh])
    assert code_of(response) == (400, "ambiguous_refresh_token")
    fake.peek = {"outcome": "invalid"}
    long = [(b"x-refresh-token", b"\xe9" * 5000), *bearer(fake.sign(left=-1)).items()]
    response = back_end.get("/cases", headers=[(k, v) for k, v in long])
    assert code_of(response) == (401, "access_token_expired")
    assert len(fake.calls[-1][2]["refresh_token"]) == 1024


def test_an_authentic_token_for_other_settings_is_503_and_logged_once(fake, own_back_end, lines):
    for token in (fake.sign(iss="https://other.example"), fake.sign(aud="other")):
        assert code_of(own_back_end.get("/cases", headers=bearer(token))) == (503, "unavailable")
    found = [line for line in lines() if line.startswith("Access tokens rejected")]
    assert len(found) == 1 and "https://other.example" in found[0] and ISSUER in found[0]
    future = bearer(fake.sign(left=1800, life=1700))
    assert code_of(own_back_end.get("/cases", headers=future)) == (503, "unavailable")


def test_the_clock_of_auth_api_counts(fake, app):
    fake.ahead = 3600.0
    with serve(app) as url:
        headers = bearer(fake.sign(left=60, life=120))
        assert httpx.get(f"{url}/cases", headers=headers).status_code == 200
        headers = bearer(fake.sign(left=-60))
        assert httpx.get(f"{url}/cases", headers=headers).status_code == 401


def test_an_outage_signs_nobody_out(fake, own_back_end, lines, monkeypatch):
    monkeypatch.setattr(_feed, "STALE", 2.0)
    assert own_back_end.get("/readyz").json()["ready"] is True
    fake.is_away = True
    assert own_back_end.get("/cases", headers=due(fake)).status_code == 200
    assert not is_new(own_back_end.get("/cases", headers=due(fake)))
    response = own_back_end.get("/cases", headers={**due(fake), **bearer(fake.sign(left=-1))})
    assert code_of(response) == (503, "unavailable")
    assert 1 <= int(response.headers["retry-after"]) <= 5
    wait_until(lambda: own_back_end.get("/readyz").json()["age"] > 2)
    wait_until(lambda: any("Reading the revocations" in line for line in lines()))
    assert own_back_end.get("/cases", headers=due(fake)).status_code == 200
    fake.is_away = False
    wait_until(lambda: is_new(own_back_end.get("/cases", headers=due(fake))))
    assert any("Revocation feed recovered" in line for line in lines())


def test_until_auth_api_has_answered_once_every_request_is_503(fake, options, monkeypatch):
    monkeypatch.setattr(middleware, "STARTUP_WAIT", 0.1)
    monkeypatch.setattr(_guard, "FIRST_REQUEST_WAIT", 0.1)
    fake.is_away = True
    app = create_app(**options)
    with serve(app) as url:
        response = httpx.get(f"{url}/cases", headers=bearer(fake.sign()), timeout=20)
        assert code_of(response) == (503, "unavailable")
        assert httpx.get(f"{url}/readyz").json()["ready"] is False
        assert httpx.get(f"{url}/static/a").status_code == 200
        fake.is_away = False
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["ready"])
        assert httpx.get(f"{url}/cases", headers=bearer(fake.sign())).status_code == 200


def test_a_wrong_api_key_is_explained(fake, options, lines, monkeypatch):
    monkeypatch.setattr(middleware, "STARTUP_WAIT", 0.1)
    monkeypatch.setattr(_guard, "FIRST_REQUEST_WAIT", 0.1)
    with serve(create_app(**{**options, "api_key": "wrong"})) as url:
        response = httpx.get(f"{url}/cases", headers=bearer(fake.sign()), timeout=20)
    assert code_of(response) == (503, "unavailable")
    assert any("auth-api responded 401 to the request for revocations" in line for line in lines())


def test_optional_users_roles_and_mounted_applications(fake, options):
    app = create_app(user="optional", **options)
    with serve(app) as url, httpx.Client(base_url=url) as client:
        user, admin = bearer(fake.sign()), bearer(fake.sign(role="admin"))
        assert client.get("/public-user").json() is None
        assert client.get("/public-user", headers=user).json() == "ann"
        response = client.get("/public-user", headers=bearer("x"))
        assert code_of(response) == (401, "access_token_invalid")
        assert code_of(client.get("/cases")) == (401, "access_token_missing")
        for path in ("/admin", "/sub/admin"):
            assert code_of(client.get(path)) == (401, "access_token_missing")
            assert code_of(client.get(path, headers=user)) == (403, "forbidden")
            assert client.get(path, headers=admin).json() == USER
        # A refused route spends nothing, although the token was due.
        fake.peek = {"outcome": "would_renew", "user": {"username": "ann", "role": "user"}}
        assert code_of(client.get("/admin", headers=due(fake))) == (403, "forbidden")
        assert fake.renewals() == []


def test_a_second_instance_on_a_mounted_application_refreshes_once(fake, options):
    outer, inner = FastAPI(), create_app(**options)
    outer.add_middleware(AutoRefreshTokenMiddleware, user="optional", **options)
    outer.mount("/inner", inner)
    with serve(outer) as url, httpx.Client(base_url=url) as client:
        assert is_new(client.get("/inner/cases", headers=due(fake)))
        assert len(fake.calls) == 2
        assert code_of(client.get("/inner/static/a")) == (401, "access_token_missing")


def test_a_websocket_needs_a_valid_token_and_refreshes_nothing(fake, options):
    with serve(create_app(user="optional", **options)) as url:
        target = url.replace("http", "ws") + "/ws"
        with connect(target, additional_headers=due(fake)) as connection:
            assert connection.recv() == "ann"
        for headers in ({}, bearer("x"), bearer(fake.sign(left=-1))):
            with pytest.raises(InvalidStatus) as refused:
                connect(target, additional_headers=headers)
            assert refused.value.response.status_code in (401, 403)
    assert fake.calls == []


def test_without_lifespan_the_first_request_starts_and_waits(fake, app):
    with serve(app, lifespan="off") as url:
        assert httpx.get(f"{url}/cases", headers=bearer(fake.sign())).status_code == 200


def test_starlettes_test_client_works_with_and_without_lifespan(fake, app):
    client = TestClient(app)
    for _ in range(2):
        assert client.get("/cases", headers=bearer(fake.sign())).status_code == 200
    with TestClient(app) as client:
        assert is_new(client.get("/cases", headers=due(fake)))
    with TestClient(app) as client:
        assert client.get("/cases", headers=bearer(fake.sign())).status_code == 200


def test_no_task_outlives_the_application(fake, app):
    async def run():
        async def lifespan(messages, sent):
            await app({"type": "lifespan"}, messages.get, sent.put)

        before = asyncio.all_tasks()
        messages, sent = asyncio.Queue(), asyncio.Queue()
        running = asyncio.ensure_future(lifespan(messages, sent))
        await messages.put({"type": "lifespan.startup"})
        assert (await sent.get())["type"] == "lifespan.startup.complete"
        assert len(asyncio.all_tasks()) > len(before) + 1
        await messages.put({"type": "lifespan.shutdown"})
        await running
        assert asyncio.all_tasks() == before

    asyncio.run(run())


def test_wrong_options_fail_the_start_with_all_faults(caplog):
    app = FastAPI()
    app.add_middleware(AutoRefreshTokenMiddleware, auto_refresh_threshold=-1)

    async def run():
        messages, sent = asyncio.Queue(), asyncio.Queue()
        await messages.put({"type": "lifespan.startup"})
        await app({"type": "lifespan"}, messages.get, sent.put)
        return await sent.get()

    failed = asyncio.run(run())
    assert failed["type"] == "lifespan.startup.failed"
    for name in ("ISSUER", "API_KEY", "auto_refresh_threshold"):
        assert name in failed["message"]


def test_the_guides_two_lines_are_enough_with_the_environment(fake, monkeypatch, caplog):
    monkeypatch.setenv("ISSUER", ISSUER)
    monkeypatch.setenv("AUTH_API_URL", fake.url)
    monkeypatch.setenv("API_KEY", API_KEY)
    caplog.set_level("DEBUG", logger="app.middleware.auto_refresh")
    app = FastAPI()
    app.add_middleware(AutoRefreshTokenMiddleware, auto_refresh_threshold=300)
    app.get("/cases")(lambda: {})
    with serve(app) as url:
        assert is_new(httpx.get(f"{url}/cases", headers=due(fake)))
        assert httpx.get(f"{url}/cases").status_code == 401
    decided = [line for line in caplog.messages if line.startswith("auto-refresh decided")]
    assert "action=renew" in decided[0] and "code=access_token_missing" in decided[1]


def test_cors_outside_of_the_middleware_answers_preflights(fake, options, lines):
    preflight = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    for is_outside in (True, False):
        app = FastAPI()
        guard = (AutoRefreshTokenMiddleware, options)
        cors = (
            CORSMiddleware,
            {"allow_origins": ["https://page.example"], "expose_headers": EXPOSED_HEADERS},
        )
        for guarding, given in (guard, cors) if is_outside else (cors, guard):
            app.add_middleware(guarding, **given)
        app.get("/cases")(lambda: {})
        with serve(app) as url, httpx.Client(base_url=url) as client:
            assert client.options("/cases", headers=preflight).status_code == (
                200 if is_outside else 401
            )
            if is_outside:
                response = client.get("/cases", headers={"Origin": "https://page.example"})
                assert response.headers["access-control-allow-origin"] == "https://page.example"
                response = client.get("/cases", headers=due(fake, Origin="https://page.example"))
                assert is_new(response)
                exposed = response.headers["access-control-expose-headers"]
                assert exposed == ", ".join(EXPOSED_HEADERS)
    assert sum("CORS preflight refused" in line for line in lines()) == 1


def test_pipelined_bytes_are_not_taken_for_a_disconnect(fake, back_end):
    connection = http.client.HTTPConnection(back_end.base_url.host, back_end.base_url.port)
    for _ in range(3):
        connection.request("GET", "/cases", headers=due(fake))
        response = connection.getresponse()
        response.read()
        assert response.headers["X-Token-Refreshed"] == "true"
    connection.close()


def test_the_synchronous_verifier_checks_from_many_threads(fake, options):
    verifier = AccessTokenVerifier(**options)
    try:
        with ThreadPoolExecutor(8) as pool:
            tokens = [f"Bearer {fake.sign()}"] * 40
            assert {user.sub for user in pool.map(verifier.verify, tokens)} == {USER}
        before = threading.active_count()
        fake.revoked = [SESSION]

        def refused():
            try:
                verifier.verify(f"Bearer {fake.sign()}")
            except Exception as error:
                return error
            return None

        assert wait_until(refused).code == "access_token_revoked"
        assert verifier.feed_age_seconds() < 5
    finally:
        verifier.close()
    wait_until(lambda: threading.active_count() < before)


def test_a_verifier_that_cannot_start_is_503_and_leaves_no_thread(fake, options, monkeypatch):
    verifier = AccessTokenVerifier(**options)
    before = threading.active_count()
    monkeypatch.setenv("SSL_CERT_FILE", "/does/not/exist.pem")
    for _ in range(3):
        with pytest.raises(Refusal) as refusal:
            verifier.verify(f"Bearer {fake.sign()}")
        assert refusal.value.code == "unavailable"
    wait_until(lambda: threading.active_count() <= before)
    monkeypatch.delenv("SSL_CERT_FILE")
    try:
        assert verifier.verify(f"Bearer {fake.sign()}").sub == USER
    finally:
        verifier.close()
