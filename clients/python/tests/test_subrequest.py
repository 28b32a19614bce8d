"""The cases of packages/server/src/core/find-subrequest-header.test.ts."""

import pytest

from auto_refresh_token._client_request import ClientRequest

SUBREQUESTS = [
    ("/me", {"x-original-uri": "/a?b=1"}, "x-original-uri"),
    ("/me", {"x-original-uri": "/"}, "x-original-uri"),
    (
        "/me",
        {"x-original-url": "https://app.example/a", "x-original-method": "GET"},
        "x-original-method",
    ),
    (
        "/me",
        {"x-original-url": "https://app.example/me", "x-auth-request-redirect": "/me"},
        "x-auth-request-redirect",
    ),
    ("/me", {"x-original-url": "https://app.example"}, "x-original-url"),
    ("/me", {"x-forwarded-method": "GET", "x-forwarded-uri": "/a"}, "x-forwarded-method"),
    ("/me", {"x-forwarded-method": "GET", "x-forwarded-uri": "/users/me"}, "x-forwarded-method"),
    (
        "/me",
        {
            "host": "auth.internal",
            "x-forwarded-host": "app.example",
            "x-forwarded-method": "GET",
            "x-forwarded-uri": "/me",
        },
        "x-forwarded-method",
    ),
    ("/me", {"x-original-method": "POST", "x-original-uri": "/me"}, "x-original-method"),
    ("/me", {"x-original-method": "GET"}, "x-original-method"),
    ("/", {"x-original-uri": "/a/"}, "x-original-uri"),
    ("/?a=1", {"x-forwarded-uri": "/a/"}, "x-forwarded-uri"),
    ("/", {"x-forwarded-uri": "/a/b/", "x-forwarded-prefix": "/a"}, "x-forwarded-uri"),
    ("/me", {"x-original-uri": "/me", "x-forwarded-uri": "/a"}, "x-forwarded-uri"),
    ("/me", {"x-original-uri": "/me/a"}, "x-original-uri"),
]
ORDINARY = [
    ("/me", {}),
    ("/me?a=1", {"x-original-uri": "/me?a=1"}),
    ("/me", {"x-original-url": "https://app.example/me"}),
    ("/me", {"x-forwarded-uri": "/prefix/me"}),
    ("/", {"x-original-uri": "/?a=1"}),
    ("/", {"x-original-url": "https://app.example"}),
    ("/", {"x-forwarded-uri": "/app/", "x-forwarded-prefix": "/app"}),
    ("/list/", {"x-forwarded-uri": "/app/list/"}),
    ("/me", {"x-original-uri": "", "x-forwarded-method": ""}),
    (
        "/me?a=1",
        {
            "host": "app.example",
            "x-forwarded-host": "app.example",
            "x-forwarded-method": "GET",
            "x-forwarded-uri": "/me?a=1",
        },
    ),
    (
        "/me",
        {
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-host": "app.example",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "x-forwarded-server": "traefik",
            "x-real-ip": "192.0.2.1",
            "x-envoy-expected-rq-timeout-ms": "15000",
            "x-envoy-original-path": "/app/me",
        },
    ),
    ("/me", {"connection": "close"}),
]


def find(url, *headers):
    path, _, query = url.partition("?")
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"method": "GET", "path": path, "query_string": query.encode(), "headers": encoded}
    return ClientRequest(scope).subrequest_header()


@pytest.mark.parametrize(("url", "headers", "found"), SUBREQUESTS)
def test_a_subrequest_is_recognized(url, headers, found):
    assert find(url, *headers.items()) == found


@pytest.mark.parametrize(("url", "headers"), ORDINARY)
def test_an_ordinary_request_is_not_a_subrequest(url, headers):
    assert find(url, *headers.items()) is None


def test_a_target_that_is_sent_twice_is_not_described():
    target, method = ("x-forwarded-uri", "/me"), ("x-forwarded-method", "GET")
    assert find("/me", method, target) is None
    assert find("/me", method, target, target) == "x-forwarded-method"
