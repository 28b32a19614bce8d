import logging

import httpx
import pytest
from back_end import create_app, serve
from fake_auth_api import API_KEY, ISSUER, FakeAuthApi


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("ISSUER", "AUDIENCE", "AUTH_API_URL", "API_KEY", "AUTO_REFRESH_THRESHOLD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared():
    """A fake auth-api and a back end for tests that leave nothing in its revocations."""
    api = FakeAuthApi()
    app = create_app(**options_of(api))
    with serve(app) as url, httpx.Client(base_url=url, timeout=20) as client:
        yield api, client
    api.close()


@pytest.fixture
def fake(request):
    if "back_end" in request.fixturenames:
        api = request.getfixturevalue("shared")[0]
        api.reset()
        yield api
    else:
        api = FakeAuthApi()
        yield api
        api.close()


@pytest.fixture
def back_end(shared, fake):
    # A new connection: uvicorn closes that of a handler that has thrown.
    with httpx.Client(base_url=shared[1].base_url, timeout=20) as client:
        yield client


@pytest.fixture
def own_back_end(app):
    with serve(app) as url, httpx.Client(base_url=url, timeout=20) as client:
        yield client


def options_of(api):
    return {"issuer": ISSUER, "auth_api_url": api.url, "api_key": API_KEY}


@pytest.fixture
def options(fake):
    return options_of(fake)


@pytest.fixture
def app(options):
    return create_app(**options)


@pytest.fixture
def lines(caplog):
    """The log lines so far; at the end of a test none may contain a token."""
    caplog.set_level(logging.DEBUG, logger="auto_refresh_token")
    yield lambda: [record.getMessage() for record in caplog.records]
    assert not [line for line in caplog.messages if "eyJ" in line or "art_" in line]
