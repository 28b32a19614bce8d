"""What clients/python promises to clients and synchronous back ends, one function each: `python-scenarios.py <name> <url> <brief-url> <folder>`.

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

from auto_refresh_token import AccessTokenVerifier, AuthError, Refusal, Session, SignedOut
from auto_refresh_token._jws import read_kid, read_payload
from auto_refresh_token._user import to_user

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
    verifier = AccessTokenVerifier(issuer=URL, api_key=api_key())
    verify = lambda token: verifier.verify("Bearer " + token)
    signed_in(Network())
    token = stored()["access_token"]
    user = patiently(lambda: verify(token))
    assert user.username == "admin" and user.sid

    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    other = base64.urlsafe_b64encode(json.dumps({**claims, "role": "root"}).encode()).rstrip(b"=").decode()
    kid = jwt.get_unverified_header(token)["kid"]
    forged, unknown = (jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": kid, "typ": "at+jwt"}) for kid in (kid, "unknown"))
    signed_in(Network(), url=BRIEF_URL)
    expired = stored()["access_token"]
    wait_until(jwt.decode(expired, options={"verify_signature": False})["exp"] + 0.1)
    assert code_of(verify, expired) == "access_token_expired"
    for bad in (f"{head}.{other}.{signature}", forged, unknown, stored()["refresh_token"]):
        assert code_of(verify, bad) == "access_token_invalid", bad
    assert code_of(verify, "") == "access_token_missing"
    verifier.close()

    # With the test's key in place of the issuer's, each rule on its own.
    key = ec.generate_private_key(ec.SECP256R1())
    sign = lambda claims, typ="at+jwt": jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid, "typ": typ})
    read = lambda token: read_kid(token) and to_user(read_payload(token, key.public_key()), URL, "auto-refresh")
    assert read(sign(claims)).sub == claims["sub"]
    assert read(sign(claims, typ="JWT")) is None
    for wrong in ({"iss": "https://elsewhere.example"}, {"aud": "another"}, {"exp": claims["iat"]}):
        assert read(sign({**claims, **wrong})) is None, wrong
    for name in claims:
        if name not in ("amr", "claims"):
            assert read(sign({key: value for key, value in claims.items() if key != name})) is None, name


def revocations():
    verifier = AccessTokenVerifier(issuer=URL, api_key=api_key())
    verify = lambda token: verifier.verify("Bearer " + token)
    session = signed_in(Network())
    token = stored()["access_token"]
    patiently(lambda: verify(token))
    session.sign_out()
    wait_for(lambda: code_of(verify, token) == "access_token_revoked")
    assert verifier.feed_age_seconds() < 30
    verifier.close()
    refused = AccessTokenVerifier(issuer=URL, api_key="x" * 32)
    assert refusal_by(lambda: refused.verify("Bearer " + token)).code == "unavailable"
    refused.close()


def sign_in():
    signed_in(Network())


def role_changed():
    """The role of the user was changed after `sign_in`."""
    verifier = AccessTokenVerifier(issuer=URL, api_key=api_key())
    token = stored()["access_token"]
    wait_for(lambda: code_of(lambda token: verifier.verify("Bearer " + token), token) == "access_token_expired")
    verifier.close()


def api_key():
    """The secret of the key that standalone generated: name=scope+scope:secret."""
    with open(os.path.join(FOLDER, "data/keys/API_KEYS")) as file:
        return file.read().strip().rsplit(":", 1)[1]


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def patiently(work):
    """Keys that could not be read are a temporary error."""
    for _ in range(10):
        error = refusal_by(work)
        if error is None or error.code != "unavailable":
            break
    return work()


def refusal_by(work):
    try:
        work()
    except Refusal as refusal:
        return refusal
    return None


def code_of(verify, token):
    for _ in range(10):
        refusal = refusal_by(lambda: verify(token))
        if refusal is None or refusal.code != "unavailable":
            break
    return None if refusal is None else refusal.code


globals()[NAME]()
