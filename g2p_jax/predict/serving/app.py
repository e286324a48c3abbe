"""The server as an ASGI application: page, POST /pronounce, GET /health, GET /metrics."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from absl import logging

from g2p_jax.errors import UserError
from g2p_jax.predict.serving import requests
from g2p_jax.predict.serving.batcher import Batcher, Full
from g2p_jax.predict.serving.requests import HttpError, Options
from g2p_jax.predict.serving.site import SAFE, TYPES, File

JSON = TYPES[".json"]
PART = 1 << 16  # bytes of an answer that are sent before the client reads them
TIMEOUT = 10.0  # seconds for a request's body, and for its answer
BUCKETS = 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0  # seconds
METHODS = {"/pronounce": ("POST",), "/health": ("GET", "HEAD"), "/metrics": ("GET", "HEAD")}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Response = tuple[int, str, bytes, Mapping[str, str]]  # status, type, body, headers


class App:
    """Answers requests; `ready` says whether the model is warm."""

    def __init__(
        self,
        site: Mapping[str, File],
        pronounce: Callable[[Sequence[str], Options], Sequence[str]],
        warm_up: Callable[[], None],
    ):
        """pronounce: returns the JSON of each answer; is called by one thread, after `warm_up`."""
        self._site, self._warm_up = site, warm_up
        self._warming: asyncio.Task[None] | None = None
        self._batcher = Batcher(pronounce)
        self._failure = ""  # why the model could not be warmed up
        self.ready = False
        self._statuses, self._seconds = Counter[int](), Counter[float]()
        self._total = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            self._warming = asyncio.create_task(self._start())
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        try:
            await asyncio.to_thread(self._warm_up)
            self.ready = True
        except Exception as error:
            logging.exception("the model could not be warmed up")
            self._failure = str(error)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        try:
            status, type, body, headers = await self._respond(scope, receive)
        except HttpError as error:
            status, type, headers = error.status, JSON, error.headers
            body = json.dumps({"error": error.message}).encode()
        except Exception:
            logging.exception("a request failed")
            status, type, headers = 500, JSON, {}
            body = json.dumps({"error": "an error of the server; its log says which"}).encode()
        self._count(status, time.perf_counter() - start)
        headers = SAFE | {"Content-Type": type, "Content-Length": str(len(body))} | dict(headers)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        with contextlib.suppress(OSError):  # the client has gone
            await send({"type": "http.response.start", "status": status, "headers": raw})
            sent = b"" if scope["method"] == "HEAD" else body
            for start in range(0, len(sent) or 1, PART):
                part, more = sent[start : start + PART], start + PART < len(sent)
                await send({"type": "http.response.body", "body": part, "more_body": more})

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        path, method = scope["path"], scope["method"]
        file = self._site.get(path)
        if not file and path not in METHODS:
            raise HttpError(404, "no such page: there are /, /pronounce, /health and /metrics")
        allowed = METHODS.get(path, ("GET", "HEAD"))
        if method not in allowed:
            raise HttpError(405, f"{path} takes {allowed[0]}", Allow=", ".join(allowed))
        if file:
            return 200, file.type, file.content, {}
        if path == "/health":
            return self._health()
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4", self._metrics().encode(), {}
        return await self._pronounce(scope, receive)

    async def _pronounce(self, scope: Scope, receive: Receive) -> Response:
        if scope.get("query_string"):
            raise HttpError(400, "fields go into the body, as JSON, not into the address")
        headers = dict(scope["headers"])
        type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if type != b"application/json":
            raise HttpError(415, "send the header Content-Type: application/json")
        try:
            async with asyncio.timeout(TIMEOUT):
                words, options = requests.parse(await _body(receive))
        except TimeoutError as error:
            raise HttpError(408, f"the body took more than {TIMEOUT:.0f} s") from error
        if not self.ready:
            raise HttpError(503, self._failure or "the model is being warmed up", Retry_After="5")
        try:
            async with asyncio.timeout(TIMEOUT):
                answers = await self._batcher.answer(words, options)
        except Full as error:
            raise HttpError(503, "too many words wait; try again", Retry_After="1") from error
        except TimeoutError as error:
            raise HttpError(503, "no answer in time; try again", Retry_After="1") from error
        except UserError as error:  # as stress of a model that has learned none
            raise HttpError(400, str(error)) from error
        return 200, JSON, f'{{"answers": [{", ".join(answers)}]}}'.encode(), {}

    def _health(self) -> Response:
        status = "ready" if self.ready else "failed" if self._failure else "starting"
        body = json.dumps({"status": status, "waiting": self._batcher.waiting}).encode()
        return (200, JSON, body, {}) if self.ready else (503, JSON, body, {"Retry-After": "5"})

    def _count(self, status: int, seconds: float) -> None:
        self._statuses[status] += 1
        self._total += seconds
        self._seconds[next((limit for limit in BUCKETS if seconds <= limit), float("inf"))] += 1

    def _metrics(self) -> str:
        """Counts in the text format of Prometheus."""
        batcher, lines, below = self._batcher, list[str](), 0
        for name, kind, value in (
            ("words_total", "counter", batcher.words),
            ("remembered_words_total", "counter", batcher.remembered),
            ("batches_total", "counter", batcher.batches),
            ("waiting_words", "gauge", batcher.waiting),
            ("ready", "gauge", int(self.ready)),
        ):
            lines += [f"# TYPE g2p_{name} {kind}", f"g2p_{name} {value}"]
        lines += ["# TYPE g2p_requests_total counter"]
        lines += [
            f'g2p_requests_total{{status="{status}"}} {count}'
            for status, count in sorted(self._statuses.items())
        ]
        lines += ["# TYPE g2p_request_seconds histogram"]
        for limit in (*BUCKETS, float("inf")):
            below += self._seconds[limit]
            shown = f"{limit:g}".replace("inf", "+Inf")
            lines.append(f'g2p_request_seconds_bucket{{le="{shown}"}} {below}')
        lines += [
            f"g2p_request_seconds_sum {self._total:.6f}",
            f"g2p_request_seconds_count {below}",
        ]
        return "\n".join(lines) + "\n"


async def _body(receive: Receive) -> bytes:
    """Returns the body of a request; raises HttpError for one that is too long."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, "the request ended within its body")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > requests.MOST_BYTES:
            limit = f"a request has at most {requests.MOST_BYTES:,} bytes"
            raise HttpError(413, limit, Connection="close")
    return bytes(body)
