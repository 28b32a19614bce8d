"""What the recipes of docs/clients/python.md promise, one function each: `python-scenarios.py <name> <url> <brief-url> <folder>`.

Behind the second URL is the same system with tokens that live for 3 s.
"""
import base64
import json
import os
import sys
import threading
import time

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from auto_refresh import AuthError, Session, SignedOut

NAME, URL, BRIEF_URL, FOLDER = sys.argv[1:]
ME = "/api/v1/auth/me"


class Network(httpx.BaseTransport):
    """The real network, which can lose or replace the responses to refreshes."""

    def __init__(self):
        self.real = httpx.HTTPTransport()
        self.refreshes = 0
        self.fault = None

    def handle_request(self, request):
        is_refresh = request.url.path.endswith("/refresh")
        self.refreshes += is_refresh
        if not is_refresh or self.fault is None:
            return self.real.handle_request(request)
        return self.fault(request)

    def lose(self, request):
        self.real.handle_request(request).read()
        raise httpx.ReadError("the answer was lost")


def session_on(network, patience=25, url=URL):
    return Session(url, os.path.join(FOLDER, "session.json"), patience=patience, transport=network)


def signed_in(network, patience=25, url=URL):
    session_on(Network(), url=url).sign_in("admin", "password")
    return session_on(network, patience)


def stored():
    with open(os.path.join(FOLDER, "session.json")) as file:
        return json.load(file)


def wait_until(moment):
    while time.time() < moment:
        time.sleep(0.02)


def in_threads(count, work):
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def refusal_of(work):
    try:
        work()
    except AuthError as error:
        return error
    raise AssertionError("it was not refused")


def threads():
    for moment in ("due_at", "expires_at"):
        network = Network()
        session = signed_in(network, url=BRIEF_URL)
        before = stored()
        wait_until(before[moment] + 0.1)
        assert in_threads(5, lambda: session.request("GET", ME).status_code) == [200] * 5
        assert network.refreshes == 1, network.refreshes
        assert stored()["refresh_token"] != before["refresh_token"]


def lost_answer():
    class ProcessEnds(BaseException):
        pass

    def lose_twice(request):
        try:
            return network.lose(request)
        except httpx.ReadError as error:
            raise ProcessEnds if network.refreshes == 2 else error

    network = Network()
    session = signed_in(network)
    before = stored()
    network.fault = lose_twice
    try:
        session.refresh()
        raise AssertionError("no answer was lost")
    except ProcessEnds:
        pass
    # Longer ago than the grace window.
    wait_until(time.time() + 2.5)
    again = session_on(Network())
    assert again.request("GET", ME).status_code == 200
    again.refresh()
    assert stored()["refresh_token"] != before["refresh_token"]


def temporary_errors():
    answers = [
        httpx.Response(503, json={"status": 503, "message": "", "data": None, "error": {"code": "unavailable", "retryable": True}}, headers={"Retry-After": "1"}),
        httpx.Response(429, json={"status": 429, "message": "", "data": None, "error": {"code": "rate_limited", "retryable": True}}),
        httpx.Response(401, text="Please sign in to the hotel"),
        httpx.Response(200, text="<html>Welcome</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(302, headers={"Location": "https://portal.example"}),
    ]
    network = Network()
    session = signed_in(network, patience=0)
    for answer in answers:
        network.fault = lambda request, answer=answer: answer
        error = refusal_of(session.refresh)
        assert error.retryable and not isinstance(error, SignedOut), error.code
    # A due token that cannot be refreshed stays in use.
    due = {**stored(), "due_at": time.time() - 1}
    with open(os.path.join(FOLDER, "session.json"), "w") as file:
        json.dump(due, file)
    session = session_on(network, patience=0)
    before = network.refreshes
    assert session.request("GET", ME).status_code == 200
    assert network.refreshes == before + 1
    network.fault = None
    assert session.request("GET", ME).status_code == 200
    assert refusal_of(lambda: session.sign_in("admin", "wrong")).code == "invalid_credentials"
    try:
        session.request("GET", "https://elsewhere.example/")
        raise AssertionError("a token was sent elsewhere")
    except ValueError:
        pass


def reuse():
    session = signed_in(Network())
    stolen = stored()["refresh_token"]
    session.refresh()
    # Time in which the process stalled does not count towards the window, and a replay within it changes nothing.
    for _ in range(20):
        wait_until(time.time() + 1.5)
        answer = httpx.post(URL + "/api/v1/auth/refresh", json={"refresh_token": stolen}, timeout=30).json()
        if "error" in answer:
            break
    assert answer["error"]["code"] == "refresh_token_reused", answer
    deadline = time.time() + 20
    while True:
        try:
            assert session.request("GET", ME).status_code == 200 and time.time() < deadline
        except SignedOut as ended:
            assert ended.code == "refresh_token_revoked", ended.code
            break
        time.sleep(0.1)
    assert not os.path.exists(os.path.join(FOLDER, "session.json"))
    assert refusal_of(lambda: session.request("GET", ME)).code == "signed_out"
    session.sign_in("admin", "password")
    assert session.request("GET", ME).status_code == 200


def sign_out():
    session = signed_in(Network())
    assert os.stat(os.path.join(FOLDER, "session.json")).st_mode & 0o777 == 0o600
    token = stored()["refresh_token"]
    session.sign_out()
    answer = httpx.post(URL + "/api/v1/auth/refresh", json={"refresh_token": token}, timeout=30)
    assert answer.json()["error"]["code"] == "refresh_token_revoked"
    assert isinstance(refusal_of(lambda: session.request("GET", ME)), SignedOut)


def verify_tokens():
    import verify_token
    from verify_token import verify

    signed_in(Network())
    token = stored()["access_token"]
    claims = patiently(lambda: verify(token))
    assert claims["username"] == "admin" and claims["sid"]

    head, body, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims, "role": "root"}).encode()).rstrip(b"=").decode()
    kid = jwt.get_unverified_header(token)["kid"]
    forged, unknown = (jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": kid, "typ": "at+jwt"}) for kid in (kid, "unknown"))
    signed_in(Network(), url=BRIEF_URL)
    expired = stored()["access_token"]
    wait_until(jwt.decode(expired, options={"verify_signature": False})["exp"] + 0.1)
    for bad in (expired, f"{head}.{other}.{signature}", forged, unknown, stored()["refresh_token"], ""):
        assert is_refused(verify, bad), bad

    # With the test's key in place of the issuer's, each rule on its own.
    key = ec.generate_private_key(ec.SECP256R1())
    verify_token.keys.get_signing_key_from_jwt = lambda token: key.public_key()
    good = {**claims, "exp": int(time.time()) + 60}
    sign = lambda claims, typ="at+jwt": jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid, "typ": typ})
    assert verify(sign(good)) == good
    assert is_refused(verify, sign(good, typ="JWT"))
    for wrong in ({"iss": "https://elsewhere.example"}, {"aud": "another"}, {"exp": int(time.time()) - 1}):
        assert is_refused(verify, sign({**good, **wrong})), wrong
    for name in ("exp", "sub", "sid"):
        assert is_refused(verify, sign({key: value for key, value in good.items() if key != name})), name


def revocations():
    from revocations import Revocations
    from verify_token import verify

    ended = Revocations(URL, api_key())
    session = signed_in(Network())
    claims = patiently(lambda: verify(stored()["access_token"]))
    assert not ended.has_ended(claims["sid"])
    session.sign_out()
    deadline = time.monotonic() + 30
    while not ended.has_ended(claims["sid"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ended.age() < 30
    assert is_refused_feed(Revocations)


def sign_in():
    signed_in(Network())


def role_changed():
    """The role of the user was changed after `sign_in`."""
    from revocations import Revocations
    from verify_token import verify

    feed = Revocations(URL, api_key())
    token = stored()["access_token"]
    claims = patiently(lambda: verify(token))
    deadline = time.monotonic() + 30
    while not feed.has_old_role(claims):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not feed.is_retired(token) and not feed.has_ended(claims["sid"])
    assert not feed.has_old_role({**claims, "iat": claims["iat"] + 3600})
    feed._retired = {jwt.get_unverified_header(token)["kid"]}
    assert feed.is_retired(token)


def api_key():
    """The secret of the key that standalone generated: name=scope+scope:secret."""
    with open(os.path.join(FOLDER, "data/keys/API_KEYS")) as file:
        return file.read().strip().rsplit(":", 1)[1]


def is_refused_feed(Revocations):
    try:
        Revocations(URL, "x" * 32)
    except httpx.HTTPStatusError:
        return True
    return False


def patiently(work):
    """Keys that could not be fetched are a temporary error."""
    for _ in range(10):
        try:
            return work()
        except jwt.PyJWKClientConnectionError:
            pass
    return work()


def is_refused(verify, token):
    try:
        patiently(lambda: verify(token))
    except jwt.InvalidTokenError:
        return True
    return False


globals()[NAME]()
