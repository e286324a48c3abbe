"""The server: its page, its JSON API, batches, limits, and how it starts and ends."""

import asyncio
import contextlib
import http.client
import importlib.util
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from g2p_jax.errors import UserError
from g2p_jax.predict.pronunciation import Answer, Pronunciation
from g2p_jax.predict.serving import app as app_module
from g2p_jax.predict.serving import batcher, requests, site
from g2p_jax.predict.serving.app import App
from g2p_jax.predict.serving.batcher import Batcher, Full
from g2p_jax.predict.serving.demo import page_server
from g2p_jax.predict.serving.requests import HttpError, Options, Request
from g2p_jax.predict.serving.service import Service
from tests.tiny_model import WORDS

ROOT = Path(__file__).parents[1]


def spelled(words, how):
    """Answers with the letters of each word, as text."""
    return [f'"{how}:{word}"' for word in words]


def test_words_that_arrive_during_a_batch_are_the_next_one():
    started, go, batches = threading.Event(), threading.Event(), []

    def pronounce(words, how):
        batches.append((words, how))
        started.set()
        assert go.wait(10)
        return [word.upper() for word in words]

    async def run():
        some = Batcher(pronounce)
        first = asyncio.create_task(some.answer(["a"], 1))
        await asyncio.to_thread(started.wait)
        requests = [["b", "c"], ["b"], ["d"]]
        rest = [asyncio.create_task(some.answer(x, 1)) for x in requests]
        other = asyncio.create_task(some.answer(["b"], 2))
        given_up = asyncio.create_task(some.answer(["e"], 1))
        await asyncio.sleep(0)
        given_up.cancel()
        go.set()
        found = await asyncio.gather(first, *rest, other)
        return found, await some.answer(["a", "d"], 1), some.remembered

    found, again, remembered = asyncio.run(run())
    assert found == [["A"], ["B", "C"], ["B"], ["D"], ["B"]]
    assert batches == [(["a"], 1), (["b", "c", "d"], 1), (["b"], 2)]
    assert again == ["A", "D"] and remembered == 2


def test_a_batch_has_few_characters_and_the_server_remembers_and_holds_few_words(monkeypatch):
    monkeypatch.setattr(batcher, "MOST_CHARACTERS", 10)
    monkeypatch.setattr(batcher, "MOST_REMEMBERED", 3)
    monkeypatch.setattr(batcher, "MOST_WAITING", 5)
    sizes = []

    def pronounce(words, how):
        sizes.append(sum(len(word) + 1 for word in words))
        if "bad" in words:
            raise UserError("bad")
        return words

    async def run():
        some = Batcher(pronounce)
        assert await some.answer(["abcd", "efgh", "ijkl", "mnop", "x" * 20], 1)
        assert len(some._remembered) == 3
        with pytest.raises(Full):
            await some.answer(list("abcdef"), 1)
        requests = [some.answer([word], 1) for word in ("good", "bad", "y")]
        good, bad, _ = await asyncio.gather(*requests, return_exceptions=True)
        assert good == ["good"] and isinstance(bad, UserError)
        assert await some.answer(["y"], 1) == ["y"] and some.waiting == 0

    asyncio.run(run())
    assert sizes == [10, 10, 21, 9, 5, 4, 2]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "not JSON"),
        (b"\xff", 400, "not JSON"),
        (b"[" * 50_000, 400, "not JSON"),
        (b"[]", 400, "not an object"),
        (b'{"words": ["a"], "words": ["b"]}', 400, "the name 'words' twice in an object"),
        (b'{"words": [' + b"1" * 5000 + b"]}", 400, "the body has a number of too many digits"),
        (b"{}", 400, "words: a list"),
        (b'{"words": "a"}', 400, "words: a list"),
        (b'{"words": [1]}', 400, "words: a list"),
        (b'{"words": []}', 400, "at least one"),
        (b'{"words": ["a"], "beam": 3}', 400, "no field 'beam'"),
        (b'{"words": ["a"], "nbest": true}', 400, "nbest: a whole number from 1 to 10"),
        (b'{"words": ["a"], "nbest": 1.0}', 400, "nbest: a whole number from 1 to 10"),
        (b'{"words": ["a"], "nbest": 11}', 400, "nbest: a whole number from 1 to 10"),
        (b'{"words": ["a"], "alphabet": "klingon"}', 400, "alphabet: one of arpabet, ipa"),
        (b'{"words": ["a"], "alphabet": []}', 400, "alphabet: one of"),
        (b'{"words": ["a"], "stress": 1}', 400, "stress: true"),
        (b'{"words": ["a"], "stress": []}', 400, "stress: true"),
        (b'{"words": ["a"], "language": []}', 400, "language: a text such as deu"),
        (b'{"words": ["a"], "language": ["de"]}', 400, "language: a text such as deu"),
        (b'{"words": ["\\ud800"]}', 400, "not Unicode"),
        (json.dumps({"words": ["a"] * 257}).encode(), 413, "at most 256 words"),
        (json.dumps({"words": ["a" * 257]}).encode(), 413, "at most 256 characters"),
    ],
)
def test_a_wrong_body_is_named(body, status, message):
    with pytest.raises(HttpError, match=message) as error:
        requests.parse(body)
    assert error.value.status == status


def test_requests_and_answers_by_hand():
    body = '{"words": ["é"], "nbest": 2, "alphabet": "ipa", "stress": false}'
    assert requests.parse(body.encode()) == Request(["é"], Options(2, "ipa", False, ""))
    nulls = ", ".join(f'"{name}": null' for name in Options._fields)
    assert requests.parse(f'{{"words": ["é"], {nulls}}}'.encode()).options == Options()
    each = Pronunciation(("ɛ",), 0.75), Pronunciation(("e",), 0.25)
    assert json.loads(requests.to_json(Answer("é", each, ("!",)), 1)) == {
        "word": "é",
        "pronunciations": [{"phonemes": ["ɛ"], "probability": 0.75, "source": "model"}],
        "unknown": ["!"],
    }


def ask(app, method="POST", path="/pronounce", body=b"", type="application/json", query=b""):
    """Status, headers and body of the answer.

    body: bytes, or a list of parts, None for one that never comes.
    """
    parts = [body] if isinstance(body, bytes) else body
    messages = [
        {"type": "http.request", "body": part, "more_body": n + 1 < len(parts)}
        for n, part in enumerate(parts)
        if part is not None
    ]
    sent = []

    async def receive():
        if not messages:
            await asyncio.sleep(60)  # the client sends no more
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", type.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    scope["query_string"] = query
    asyncio.run(app(scope, receive, send))
    about = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], about, sent[1]["body"]


@pytest.fixture
def app():
    files = {"/": site.File("text/html", b"page")}
    app = App(files, spelled, lambda: None)
    app.ready = True
    return app


def test_answers_of_the_application(app, monkeypatch):
    status, headers, body = ask(app, body=[b'{"words":', b'["a", "b"]}'])
    assert (status, headers["content-type"]) == (200, "application/json")
    how = Options()
    assert json.loads(body) == {"answers": [f"{how}:a", f"{how}:b"]}
    assert ask(app, "GET", "/")[::2] == (200, b"page")
    assert ask(app, "HEAD", "/")[::2] == (200, b"")
    assert ask(app, "GET", "/../x")[0] == 404
    status, headers, body = ask(app, "GET")
    assert (status, headers["allow"]) == (405, "POST")
    assert json.loads(body) == {"error": "/pronounce takes POST"}
    assert ask(app, type="text/plain")[0] == 415
    assert ask(app, body=b'{"words": ["a"]}', query=b"nbest=3")[0] == 400
    assert ask(app, body=[b" " * 40_000] * 2)[0] == 413
    monkeypatch.setattr(app_module, "TIMEOUT", 0.05)
    assert ask(app, body=[b"{", None])[0] == 408
    metrics = ask(app, "GET", "/metrics")[2].decode()
    assert 'g2p_requests_total{status="405"} 1' in metrics
    assert re.search(r"^g2p_request_seconds_count 9$", metrics, re.M)
    assert 'g2p_request_seconds_bucket{le="+Inf"} 9' in metrics


def test_a_server_that_cannot_answer_says_when_to_ask_again(app, monkeypatch):
    body = b'{"words": ["a"]}'
    monkeypatch.setattr(batcher, "MOST_WAITING", 0)
    status, headers, _ = ask(app, body=body)
    assert (status, headers["retry-after"]) == (503, "1")
    app.ready = False
    status, headers, _ = ask(app, "GET", "/health")
    assert (status, headers["retry-after"]) == (503, "5")
    assert ask(app, body=body)[0] == 503


def test_failures_of_the_model(monkeypatch):
    def pronounce(words, how):
        raise UserError("no stress") if how.stress else ZeroDivisionError

    failing = App({}, pronounce, lambda: None)
    failing.ready = True
    status, _, body = ask(failing, body=b'{"words": ["a"], "stress": true}')
    assert (status, json.loads(body)) == (400, {"error": "no stress"})
    assert ask(failing, body=b'{"words": ["a"]}')[0] == 500

    slow = App({}, lambda words, how: time.sleep(0.3) or words, lambda: None)
    slow.ready = True
    monkeypatch.setattr(app_module, "TIMEOUT", 0.05)
    assert ask(slow, body=b'{"words": ["a"]}')[0] == 503


def test_clients_that_never_end_or_read_are_dropped(monkeypatch):
    uvicorn = pytest.importorskip("uvicorn")
    from g2p_jax.predict.serving import protocol

    monkeypatch.setattr(protocol, "TIMEOUT", 0.5)
    monkeypatch.setattr(protocol, "STALLED", 0.5)
    size, request = 20_000_000, b"GET / HTTP/1.1\r\nHost: x\r\n"
    page = App({"/": site.File("text/html", bytes(size))}, spelled, lambda: None)
    config = uvicorn.Config(page, http=protocol.Protocol, log_config=None, log_level="error")
    server = uvicorn.Server(config)

    def received(client):
        """How many bytes come until the server has closed the connection."""
        total = 0
        with contextlib.suppress(ConnectionResetError):
            while part := client.recv(1 << 20):
                total += len(part)
        return total

    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        open_one = lambda: socket.create_connection(listener.getsockname(), timeout=10)
        slow, endless, deaf, reader = (stack.enter_context(open_one()) for _ in range(4))
        slow.sendall(request)
        deaf.sendall(request + b"\r\n")
        endless.sendall(request + b"X: y\r\n" * 11_000)
        reader.sendall(request + b"Connection: close\r\n\r\n")
        assert received(reader) > size and received(slow) == 0 and received(endless) < 1000
        time.sleep(0.7)
        assert received(deaf) < size
        server.should_exit = True
        thread.join(10)


def test_the_page_is_served_to_this_computer_only_and_nothing_else(tmp_path, capfd):
    model = tmp_path / "model"
    model.write_bytes(b"weights")
    files = site.read_site({'my "model"': model})
    listed = json.loads(files["/models.json"].content)
    assert listed == [{"name": 'my "model"', "url": "models/0.safetensors"}]
    with page_server(files, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        for start in (b"", b"GET / HT", b"GET / HTTP/1.1\r\n\r\n"):  # of clients that go away
            with socket.create_connection(server.server_address) as client:
                reset = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                client.sendall(start)
        for path, file in files.items():
            with urllib.request.urlopen(address + path) as found:
                assert found.read() == file.content
                assert found.headers["Content-Security-Policy"].startswith("default-src 'none'")
        for path in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/web/index.html"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address + path)
        with pytest.raises(UserError, match="--port=0 takes a free one"):
            page_server(files, server.server_port)
        server.shutdown()
        thread.join()
    assert not capfd.readouterr().err
    page = site.one_file({'my "model"': model})
    assert 'data-model="my &quot;model&quot;">d2VpZ2h0cw==<' in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_the_service_answers_as_the_model(g2p):
    service = Service(g2p)
    each = [json.loads(x) for x in service.pronounce(["cab", "fad"], Options())]
    assert [one["pronunciations"][0]["phonemes"] for one in each] == [
        ["K", "AE", "B"],
        ["F", "AE", "D"],
    ]
    (best,) = service.pronounce(["cab"], Options(3, "ipa"))
    found = json.loads(best)["pronunciations"]
    assert len(found) == 3 and found[0]["phonemes"] == ["k", "æ", "b"]
    with pytest.raises(UserError, match="learned no stress"):
        service.pronounce(["cab"], Options(1, "", True))
    with pytest.raises(UserError, match="knows one language only"):
        service.pronounce(["cab"], Options(language="deu"))
    with pytest.raises(UserError, match="'de:cab' names a language: the model knows one only"):
        service.pronounce(["fad", "a:b", "de:cab"], Options())


def test_the_hostile_requests_of_the_benchmark_are_no_error_of_the_server(app):
    spec = importlib.util.spec_from_file_location("hostile", ROOT / "benchmarks" / "serving.py")
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    bodies = [
        hostile.damaged(draw, hostile.content(draw)) for draw in map(random.Random, range(300))
    ]
    found = {ask(app, body=body)[0] for body in bodies}
    assert {200, 400, 413} <= found <= {200, 400, 413, 503}


def test_the_page_is_served_until_it_is_stopped():
    command = [sys.executable, "-m", "g2p_jax", "demo", "--port=0", "--ckpt=english-small"]
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert "Ctrl-C ends it" in process.stdout.readline()
        process.send_signal(number)
        assert process.communicate(timeout=30)[0] == "" and process.returncode == 0


def test_a_server_starts_answers_and_ends_what_it_began(trained):
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-m", "g2p_jax", "serve", f"--ckpt={trained}", "--port=0"]
    environment = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_PLATFORMS": "cpu"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(re.search(r":(\d+)/", process.stdout.readline())[1])

        def get(method, path, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            with contextlib.closing(connection):
                connection.request(method, path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                return response.status, response.read()

        while get("GET", "/health")[0] != 200:
            time.sleep(0.1)
        status, body = get("POST", "/pronounce", json.dumps({"words": list(WORDS)}))
        answers = json.loads(body)["answers"]
        found = {x["word"]: " ".join(x["pronunciations"][0]["phonemes"]) for x in answers}
        assert (status, found) == (200, WORDS)
        assert b"<title>g2p_jax" in get("GET", "/")[1]
        assert (
            get("GET", "/models/0.safetensors")[1] == (trained / "model.safetensors").read_bytes()
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
