"""A fake auth-api for what the real one cannot be made to do."""

import base64
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "https://auth.example"
USER = "0198c1a0-0000-7000-8000-000000000001"
SESSION = "0198c1a0-0000-7000-8000-000000000002"
API_KEY = "api-key"


class FakeAuthApi:
    """Its answers are attributes, which a test changes at any time."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.kid = "key-1"
        self.reset()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def reset(self):
        self.revoked = []
        self.role_changes = []
        self.retired_kids = []
        self.as_of = None
        self.ahead = 0.0
        self.is_away = False
        self.lose_renewals = 0
        self.peek = {"outcome": "would_renew", "user": {"username": "ann", "role": "admin"}}
        self.renewal = {
            "outcome": "renewed",
            "access_token": "a2",
            "refresh_token": "art_r2",
            "refresh_expires_in": 604_800,
        }
        # (path, Idempotency-Key, body) of each renewal and peek, and the paths of the feed
        self.calls = []
        self.feed_paths = []

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def renewals(self):
        return [call for call in self.calls if not call[0].endswith("/peek")]

    def sign(self, *, left=1800, life=1800, kid=None, key=None, typ="at+jwt", **claims):
        """An access token with this remaining and total life in seconds."""
        alg = "ES256" if key is None or not isinstance(key, str) else "HS256"
        now = int(time.time() + self.ahead)
        payload = {
            "iss": ISSUER,
            "sub": USER,
            "aud": "auto-refresh",
            "exp": now + left,
            "iat": now + left - life,
            "jti": str(uuid.uuid4()),
            "client_id": "first-party",
            "sid": SESSION,
            "username": "ann",
            "role": "user",
            "auth_time": now - 60,
            "session_exp": now + 86_400,
            **claims,
        }
        headers = {"kid": kid or self.kid, "typ": typ}
        return jwt.encode(payload, key or self.key, algorithm=alg, headers=headers)

    def _jwks(self):
        numbers = self.key.public_key().public_numbers()

        def encode(number):
            return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()

        point = {"x": encode(numbers.x), "y": encode(numbers.y)}
        return {"keys": [{"kty": "EC", "crv": "P-256", "kid": self.kid, **point}]}

    def _feed(self):
        data = {
            "revocations": [{"session_id": one, "expires_in": 60} for one in self.revoked],
            "retired_kids": self.retired_kids,
            "role_changes": self.role_changes,
        }
        return {**data, "as_of": self.as_of} if self.as_of else data

    def _handler(fake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body):
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-Clock-Ms", str(int((time.time() + fake.ahead) * 1000)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self):
                if fake.is_away:
                    self.close_connection = True
                elif self.path == "/.well-known/jwks.json":
                    self.answer(200, fake._jwks())
                elif self.headers["Authorization"] != f"Bearer {API_KEY}":
                    self.answer(401, {})
                else:
                    fake.feed_paths.append(self.path)
                    self.answer(200, {"status": 200, "message": "", "data": fake._feed()})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if fake.is_away:
                    self.close_connection = True
                    return
                fake.calls.append((self.path, self.headers["Idempotency-Key"], body))
                is_peek = self.path.endswith("/peek")
                if not is_peek and fake.lose_renewals > 0:
                    fake.lose_renewals -= 1
                    self.close_connection = True
                    return
                data = fake.peek if is_peek else fake.renewal
                self.answer(200, {"status": 200, "message": "", "data": data})

        return Handler
