import logging

import httpx
import pytest
from back_end import create_app, serve
from fake_auth_api import API_KEY, ISSUER, FakeAuthApi


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("ISSUER", "AUDIENCE", "AUTH_API_URL", "API_KEY", "AUTO_REFRESH_THRESHOLD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake():
    api = FakeAuthApi()
    yield api
    api.close()


@pytest.fixture
def options(fake):
    return {"issuer": ISSUER, "auth_api_url": fake.url, "api_key": API_KEY}


@pytest.fixture
def app(options):
    return create_app(**options)


@pytest.fixture
def back_end(app):
    with serve(app) as url, httpx.Client(base_url=url, timeout=20) as client:
        yield client


@pytest.fixture
def lines(caplog):
    """The log lines so far; at the end of a test none may contain a token."""
    caplog.set_level(logging.DEBUG, logger="auto_refresh_token")
    yield lambda: [record.getMessage() for record in caplog.records]
    assert not [line for line in caplog.messages if "eyJ" in line or "art_" in line]
