"""Authlib as an OAuth client: discovery, refresh, introspection, revocation, and ten refreshes at once.

`authlib-client.py <url> <folder>`; the key of the gateway is in the folder.
"""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

URL, FOLDER = sys.argv[1:]
metadata = httpx.get(get_well_known_url(URL, external=True, suffix="oauth-authorization-server")).json()
AuthorizationServerMetadata(metadata).validate_issuer()
assert metadata["issuer"] == URL, metadata


def sign_in():
    body = {"username": "admin", "password": "password"}
    return httpx.post(f"{URL}/api/v1/auth/token", json=body).raise_for_status().json()["data"]


def app():
    """A public client, as a script or a mobile app."""
    return OAuth2Client(client_id="script", token_endpoint_auth_method="none")


with open(os.path.join(FOLDER, "data/keys/API_KEYS")) as file:
    entry = file.read().strip()
gateway = OAuth2Client(
    client_id=entry.split("=", 1)[0],
    client_secret=entry.rsplit(":", 1)[1],
    revocation_endpoint_auth_method="client_secret_basic",
)


def introspect(token):
    return gateway.introspect_token(
        metadata["introspection_endpoint"], token=token, token_type_hint="refresh_token"
    ).json()


first = sign_in()
second = app().refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
assert second["token_type"] == "Bearer" and second["expires_in"] > 0, second
assert introspect(second["access_token"])["username"] == "admin"
assert introspect(second["refresh_token"])["active"] is True

with ThreadPoolExecutor(10) as pool:
    refresh = lambda _: app().refresh_token(
        metadata["token_endpoint"], refresh_token=second["refresh_token"]
    )
    successors = {token["refresh_token"] for token in pool.map(refresh, range(10))}
assert len(successors) == 1, f"{len(successors)} successors"

revoked = app().revoke_token(
    metadata["revocation_endpoint"], token=successors.pop(), token_type_hint="refresh_token"
)
assert revoked.status_code == 200, revoked.text
assert introspect(second["access_token"]) == {"active": False}
try:
    app().refresh_token(metadata["token_endpoint"], refresh_token=second["refresh_token"])
    raise AssertionError("a revoked session was refreshed")
except Exception as error:
    assert getattr(error, "error", None) == "invalid_grant", error
print("ok")
