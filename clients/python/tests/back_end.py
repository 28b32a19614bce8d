"""A FastAPI back end behind the middleware, on uvicorn in a thread."""

import asyncio
import contextlib
import threading
import time

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse

from auto_refresh_token import (
    AutoRefreshTokenMiddleware,
    User,
    auto_refresh_status,
    current_user,
    optional_user,
    require_role,
)


def create_app(**options):
    app = FastAPI()
    app.state.reached = threading.Event()
    app.state.go_on = threading.Event()
    app.state.disconnected = threading.Event()
    app.add_middleware(
        AutoRefreshTokenMiddleware, public_paths=["/readyz", "/static/*"], **options
    )

    @app.get("/readyz")
    async def readyz(status=Depends(auto_refresh_status)):
        return {"ready": status.ready, "age": status.feed_age_seconds}

    @app.get("/static/{name}")
    async def static(name: str):
        return name

    @app.get("/public-user")
    async def public_user(user=Depends(optional_user)):
        return user.username if user else None

    @app.api_route("/cases", methods=["GET", "POST", "OPTIONS"])
    async def cases(request: Request, user: User = Depends(current_user)):
        assert request.state.user is user
        return {"username": user.username, "role": user.role, "claims": user.claims}

    @app.head("/cases")
    async def cases_head():
        return PlainTextResponse("")

    @app.get("/admin")
    def admin(user: User = Depends(require_role("admin"))):
        return user.sub

    @app.get("/status/{code}")
    async def status(code: int):
        if 300 <= code <= 399:
            return RedirectResponse("/cases", status_code=code)
        raise HTTPException(code)

    @app.get("/throw")
    async def throw():
        raise RuntimeError("thrown")

    @app.get("/stream")
    async def stream():
        async def parts():
            for part in "abc":
                await asyncio.sleep(0.01)
                yield part

        headers = {
            "Access-Control-Expose-Headers": "ETag, x-token-refreshed",
            "Cache-Control": "public, max-age=60",
        }
        response = StreamingResponse(parts(), headers=headers)
        response.set_cookie("theme", "dark")
        return response

    @app.post("/echo")
    async def echo(request: Request):
        return PlainTextResponse(await request.body())

    @app.get("/slow")
    async def slow(request: Request):
        app.state.reached.set()
        while not await request.is_disconnected():
            await asyncio.sleep(0.01)
        app.state.disconnected.set()
        return {}

    @app.get("/slow-without-look")
    async def slow_without_look():
        app.state.reached.set()
        while not app.state.go_on.is_set():
            await asyncio.sleep(0.01)
        return {}

    @app.websocket("/ws")
    async def ws(socket: WebSocket, user: User = Depends(current_user)):
        await socket.accept()
        await socket.send_text(user.username)
        await socket.close()

    sub = FastAPI()
    app.mount("/sub", sub)

    @sub.get("/admin")
    async def sub_admin(user: User = Depends(require_role("admin"))):
        return user.sub

    return app


@contextlib.contextmanager
def serve(app, lifespan="on"):
    """Runs the application on uvicorn, and yields its URL."""
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan=lifespan)
    server = uvicorn.Server(config)
    app.state.server = server
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "uvicorn did not start"
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "uvicorn did not stop"


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "the condition was not met"
        time.sleep(0.02)
