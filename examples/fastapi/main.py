"""An example back end: cases that only a signed-in user may see, and their export for admins."""

from typing import Annotated

from auto_refresh_token import (
    EXPOSED_HEADERS,
    AutoRefreshTokenMiddleware,
    User,
    auto_refresh_status,
    current_user,
    require_role,
)
from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse

CASES = {1: "The lost answer", 2: "The second tab", 3: "The stolen token"}

app = FastAPI()
# Its other options are in the environment: ISSUER, API_KEY, ...
app.add_middleware(AutoRefreshTokenMiddleware, public_paths=["/readyz"])
# Added last, so that it answers preflights, which carry no token.
app.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"http://(localhost|127\.0\.0\.1)(:\d+)?",
    allow_headers=["Authorization", "Content-Type", "X-Refresh-Token"],
    expose_headers=[*EXPOSED_HEADERS, "Retry-After", "X-Request-Id"],
)


@app.get("/readyz")
async def readyz(status: Annotated[object, Depends(auto_refresh_status)]):
    return status


@app.get("/api/v1/cases")
async def cases(user: Annotated[User, Depends(current_user)]):
    return {"message": f"Cases of {user.username}", "data": CASES}


@app.get("/api/v1/cases/export", dependencies=[Depends(require_role("admin"))])
async def export():
    return PlainTextResponse("".join(f"{number},{title}\n" for number, title in CASES.items()))


@app.get("/api/v1/cases/{number}")
async def case(number: int):
    if number not in CASES:
        raise HTTPException(404, "Case not found")
    return {"data": CASES[number]}
