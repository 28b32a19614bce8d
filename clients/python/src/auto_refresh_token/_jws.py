"""Access tokens off-line (RFC 9068, RFC 8725): one algorithm, one type, one encoding."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Optional, Union

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

PublicKey = ec.EllipticCurvePublicKey
# Our tokens have about 700 characters. The limit bounds the cost of hostile ones.
MAX_LENGTH = 8192
ES256_SIGNATURE_BYTES = 64
_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_JWS = jwt.PyJWS(algorithms=["ES256"])


def read_kid(token: str) -> Optional[str]:
    """Returns the key id of a token in the form of our access tokens, else None.

    A token has three canonical parts, and exactly the header `{alg: ES256, typ: at+jwt, kid}`.
    """
    parts = token.split(".") if len(token) <= MAX_LENGTH else []
    if len(parts) != 3 or len(decode_canonical(parts[2]) or b"") != ES256_SIGNATURE_BYTES:
        return None
    header = parse_part(parts[0])
    if not isinstance(header, dict) or set(header) != {"alg", "typ", "kid"}:
        return None
    kid = header["kid"]
    if header["alg"] != "ES256" or header["typ"] != "at+jwt" or not isinstance(kid, str):
        return None
    return kid if _KID.fullmatch(kid) else None


def read_payload(token: str, key: PublicKey) -> Optional[object]:
    """Returns the payload if the key has signed the token, else None."""
    try:
        _JWS.decode(token, key, algorithms=["ES256"])
    except jwt.PyJWTError:
        return None
    return parse_part(token.split(".")[1])


def parse_part(part: str) -> Optional[object]:
    """Parses a base64url part that is JSON without duplicate keys."""
    decoded = decode_canonical(part)
    if decoded is None:
        return None
    try:
        parsed: object = json.loads(
            decoded.decode(), object_pairs_hook=_unique, parse_constant=_reject
        )
        return parsed
    except (ValueError, RecursionError):
        return None


def decode_canonical(part: str) -> Optional[bytes]:
    """Decodes base64url; None unless encoding the bytes gives the same text."""
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None
    encoded = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode()
    return decoded if decoded and encoded == part else None


def to_public_key(jwk: object) -> Optional[tuple[str, PublicKey]]:
    """Returns kid and key of a JWK that can verify our tokens (ES256 on P-256), else None."""
    if not isinstance(jwk, dict):
        return None
    kid, expected = jwk.get("kid"), {"kty": "EC", "crv": "P-256"}
    if (
        not isinstance(kid, str)
        or any(jwk.get(name) != value for name, value in expected.items())
        or jwk.get("alg", "ES256") != "ES256"
        or jwk.get("use", "sig") != "sig"
    ):
        return None
    try:
        public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
        key: Union[PublicKey, Any] = jwt.PyJWK.from_dict(public, algorithm="ES256").key
    except (KeyError, ValueError, TypeError, jwt.PyJWTError):
        return None
    return (kid, key) if isinstance(key, PublicKey) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _reject(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
