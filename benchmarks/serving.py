"""Load and hostile requests for `g2p-jax serve`, which it starts.

    python benchmarks/serving.py --seconds=20 --hostile=10000

Needs wrk (Debian: apt-get install wrk). Prints requests/s and latencies of single words, which are
all different, or of which nine of ten come from a thousand; then the answers to hostile requests,
none of which may be a 500; and the memory of the server before and after. It sends to 127.0.0.1
only.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LUA = """
local C = {"b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "ch", "sh", "br", "st"}
local V = {"a", "e", "i", "o", "u", "ai", "ea", "oo"}
local common, words = COMMON, {}
local function word()
  local w = ""
  for i = 1, 3 do w = w .. C[math.random(#C)] .. V[math.random(#V)] end
  return w .. C[math.random(#C)]
end
function init()
  math.randomseed(SEED)
  for i = 1, 1000 do words[i] = word() end
end
function request()
  local w = math.random() < common and words[math.random(#words)] or word()
  local headers = {["Content-Type"] = "application/json"}
  return wrk.format("POST", "/pronounce", headers, '{"words": ["' .. w .. '"]}')
end
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20, help="of each load")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--hostile", type=int, default=10_000, help="how many hostile requests")
    parser.add_argument("--ckpt", default="english-small")
    options = parser.parse_args()
    with server(options.ckpt) as (port, process):
        load(port, 15, options.connections, 0.0, 1)  # fills what is remembered
        first = memory(process)
        for common in (0.0, 0.9):
            load(port, options.seconds, options.connections, common, 2)
        if options.hostile:
            hostile(port, options.hostile)
        print(f"memory: {first} MB after the first requests, {memory(process)} MB at the end")


@contextlib.contextmanager
def server(ckpt: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """Starts a server, waits until it is ready; ends it, which must be graceful."""
    command = [sys.executable, "-m", "g2p_jax", "serve", f"--ckpt={ckpt}", "--port=0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    found = re.search(r":(\d+)/", process.stdout.readline())
    assert found, "the server did not start"
    port, start = int(found[1]), time.perf_counter()
    while status(port, "/health") != 200:
        time.sleep(0.2)
    print(f"ready after {time.perf_counter() - start:.1f} s", flush=True)
    try:
        yield port, process
        assert status(port, "/health") == 200
    finally:
        process.send_signal(signal.SIGTERM)
        print(f"status {process.wait(30)} after SIGTERM")


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    return connection.getresponse().status


def memory(process: subprocess.Popen) -> int:
    """Returns the resident memory of a process in MB."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) // 1024


def load(port: int, seconds: int, connections: int, common: float, seed: int) -> None:
    """Prints what wrk measures with single words."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(LUA.replace("COMMON", str(common)).replace("SEED", str(seed)))
        file.flush()
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", f"-s{file.name}"]
        done = subprocess.run(
            [*wrk, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    rate, *_ = re.findall(r"Requests/sec: *(\S+)", done.stdout)
    median, most = (re.findall(rf"(?m)^ +{share}% +(\S+)", done.stdout)[0] for share in (50, 99))
    failed = re.findall(r"Non-2xx.*|Socket errors.*", done.stdout)
    print(
        f"{seconds} s, {connections} connections, {common:.0%} common words: {rate} requests/s, "
        f"median {median}, 99 % {most}; {' '.join(failed) or 'none failed'}; load average "
        f"{os.getloadavg()[0]:.1f}",
        flush=True,
    )


def hostile(port: int, count: int) -> None:
    """Sends hostile requests; prints how often which status came, and fails for a 500."""
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda seed: exchange(port, random.Random(seed)), range(count))
        found = collections.Counter(answers)
    print(f"{count} hostile requests:", dict(sorted(found.items())), flush=True)
    assert not [code for code in found if code >= 500 and code != 503], found


def exchange(port: int, draw: random.Random) -> int:
    """Sends one request; returns the status, 0 for a connection that was closed or kept silent."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 20) as client:
        with contextlib.suppress(OSError):
            client.sendall(request(draw))
            if draw.random() < 0.1:
                client.shutdown(socket.SHUT_WR)
        found = re.match(rb"HTTP/1\.1 (\d+)", client.recv(1000))
        return int(found[1]) if found else 0
    return 0


def request(draw: random.Random) -> bytes:
    """Returns the bytes of a hostile request: each part of it may be wrong."""
    body = damaged(draw, content(draw))
    method = draw.choice(
        ["POST"] * 50 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "P\0ST", "x" * 99]
    )
    path = draw.choice(
        ["/pronounce"] * 80
        + ["/", "/health", "/metrics", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/\xff"]
        + ["/models/99.safetensors", "/" + "a" * 9000, "*", "http://127.0.0.1/", "/pronounce?a=b"]
    )
    type = draw.choice(
        ["application/json"] * 40 + ["text/plain", "", "multipart/form-data", "\xff"]
    )
    headers = [f"Host: {draw.choice(['localhost', '', 'evil.example', 'x' * 300])}"]
    headers += [f"Content-Type: {type}"] if type else []
    length = draw.choice([len(body)] * 60 + [len(body) + 5, 0, -1, 10**12, "abc", "1, 2"])
    if draw.random() < 0.1:
        headers.append("Transfer-Encoding: chunked")
        body = draw.choice(
            [b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), body, b"zz\r\n", b"-1\r\n"]
        )
    else:
        headers.append(f"Content-Length: {length}")
    if draw.random() < 0.05:
        headers += [f"X-{n}: {'y' * draw.choice([1, 5000])}" for n in range(draw.choice([1, 200]))]
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "Connection: close", "", ""])
    return head.encode("latin-1") + body


def content(draw: random.Random) -> bytes:
    """Returns a body: nearly a request, or something else."""
    if draw.random() < 0.1:
        return draw.choice(
            [b"", b"null", b"[" * 60_000, b"{" * 99, b'"' + b"a" * 70_000, b"\xff\xfe"]
        )
    words = [word(draw) for _ in range(draw.choice([1, 1, 2, 5, 255, 300]))]
    found = {"words": words}
    for name in ("nbest", "alphabet", "stress", "words", "beam"):
        if draw.random() < 0.05:
            found[name] = value(draw)
    if draw.random() < 0.4:
        found |= {
            "nbest": draw.randint(1, 10),
            "alphabet": draw.choice(["ipa", "xsampa", "kokoro"]),
        }
    return json.dumps(found, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")


def word(draw: random.Random) -> str:
    kinds = ["abc", "a-", "é ü", "日本", "\0\n\t", "\ud800x", "🎉👩‍👧", "'’`", "w", "%s{}", "İıß"]
    letters = draw.choice(kinds) + draw.choice(["", "abcdefghijklmnopqrstuvwxyz"])
    return "".join(draw.choices(letters, k=draw.choice([0, 1, 8, 8, 40, 256, 257])))


def value(draw: random.Random) -> object:
    every = [None, True, -1, 0, 3, 11, 10**30, 1.5, float("nan"), "ipa", "", "x" * 99, [], [[]], {}]
    return draw.choice([*every, [1], [None], {"a": 1}, "arpabet"])


def damaged(draw: random.Random, body: bytes) -> bytes:
    """Returns the body, sometimes with bytes changed, doubled or cut off."""
    if not body or draw.random() < 0.85:
        return body
    place = draw.randrange(len(body))
    change = draw.choice([b"", b"\0", b"\xff", b'"', body[:100], bytes([draw.randrange(256)])])
    return draw.choice([body[:place], body[:place] + change + body[place + 1 :]])


if __name__ == "__main__":
    main()
