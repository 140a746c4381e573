"""The usual way in Python to open Confluence attachments for everybody: FastAPI, aiohttp, and a TTLCache.

The yardstick of what most people would write and run: one account, whole files in memory for an hour, one worker of
uvicorn (with uvloop and httptools) per core.
"""

import os
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import uvicorn
from cachetools import TTLCache
from fastapi import APIRouter, FastAPI, HTTPException, Response

CONFLUENCE_URL = os.environ["CONFLUENCE_URL"].rstrip("/")
ACCOUNT = aiohttp.encode_basic_auth(os.environ["CONFLUENCE_USERNAME"], os.environ["CONFLUENCE_API_TOKEN"])
PORT = int(os.environ.get("PROXY_PORT", "8080"))
BASE_PATH = os.environ.get("PROXY_BASE_PATH", "/proxy")

cache: TTLCache = TTLCache(maxsize=1000, ttl=3600)


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with aiohttp.ClientSession(headers={"Authorization": ACCOUNT}) as session:
        app.state.session = session
        yield


app = FastAPI(lifespan=lifespan)
router = APIRouter(prefix=BASE_PATH)


@app.get("/healthz")
async def healthz() -> Response:
    return Response()


@router.get("/{page_id}/{filename}")
async def attachment(page_id: str, filename: str) -> Response:
    key = f"confluence_attachment_{page_id}_{filename}"
    kept = cache.get(key)
    if kept is not None:
        content, headers = kept
        return Response(content, headers={**headers, "X-Cache": "HIT"})

    url = f"{CONFLUENCE_URL}/download/attachments/{quote(page_id)}/{quote(filename)}"
    try:
        async with app.state.session.get(url) as answer:
            if answer.status != 200:
                raise HTTPException(answer.status if answer.status == 404 else 502)
            content = await answer.read()
            content_type = answer.headers.get("Content-Type", "application/octet-stream")
    except aiohttp.ClientError as error:
        raise HTTPException(502, str(error)) from error

    headers = {
        "Content-Type": content_type,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(filename)}",
        "Cache-Control": "public, max-age=3600",
    }
    cache[key] = (content, headers)
    return Response(content, headers={**headers, "X-Cache": "MISS"})


app.include_router(router)

if __name__ == "__main__":
    # Longer than the pauses between the slices of the bench, as for every other server.
    uvicorn.run(app, host="127.0.0.1", port=PORT, access_log=False, log_level="warning", timeout_keep_alive=300)
