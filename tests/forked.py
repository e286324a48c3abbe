"""Python commands as children of a process that has imported it all: each saves 2 s of CPU.

They are processes of their own that end as Python ends. For tests to which the start does not
matter; `tests/test_commands.py` starts others anew.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMPORTED = (
    "ml_collections.config_flags",
    "scipy.linalg",  # JAX needs it for the first orthogonal matrix
    "matplotlib.backends.backend_agg",
    "g2p_jax.predict.g2p",
    "g2p_jax.train.loop",
)
SECONDS = 600  # after which a child is killed


class Forked:
    """Runs `python ARGUMENTS`, with this environment, and options of Python itself."""

    def __init__(self, environment: dict[str, str], *options: str):
        # A training would begin anew to set the first; the second: no threads before the fork.
        environment = environment | {"GLIBC_TUNABLES": "", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, *options, __file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._server = subprocess.Popen(command, env=environment, text=True, bufsize=1, **pipes)

    def _ask(self, request: Any) -> Any:
        print(json.dumps(request), file=self._server.stdin)
        return json.loads(self._server.stdout.readline())

    def start(
        self, arguments: list, cwd: Path, streams: list, environment: dict[str, str] | None = None
    ) -> "Child":
        """Returns a child that has begun, with these files for its three standard streams."""
        texts = {"arguments": list(map(str, arguments)), "streams": list(map(str, streams))}
        request = texts | {"cwd": str(cwd), "environment": environment or {}}
        return Child(self._ask(request), self._ask)

    def run(self, arguments: list, cwd: Path, input: str = "") -> subprocess.CompletedProcess[str]:
        """Returns the finished process; its output is text."""
        with tempfile.TemporaryDirectory() as folder:
            streams = [os.path.join(folder, name) for name in ("in", "out", "err")]
            Path(streams[0]).write_text(input)
            status = self.start(arguments, cwd, streams).wait()
            output = (Path(stream).read_text() for stream in streams[1:])
            return subprocess.CompletedProcess(arguments, status, *output)

    def close(self) -> None:
        self._server.communicate()


class Child:
    """What of `subprocess.Popen` the tests use."""

    def __init__(self, pid: int, ask: Callable[[int], int | None]):
        self.pid, self._ask, self._status = pid, ask, None

    def poll(self) -> int | None:
        if self._status is None:
            self._status = self._ask(self.pid)
        return self._status

    def wait(self, timeout: float = SECONDS) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            assert time.monotonic() < deadline, f"it has not ended after {timeout} seconds"
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve() -> dict[str, Any] | None:
    """Forks for each request, and writes the child's number; returns the request in the child.

    To a child's number it answers with its status, or null if it has not ended.
    """
    with open(0, "rb", buffering=0, closefd=False) as requests:
        for request in map(json.loads, requests):
            if isinstance(request, dict):
                answer = os.fork()
                if not answer:
                    return request
            else:
                ended, status = os.waitpid(request, os.WNOHANG)
                answer = os.waitstatus_to_exitcode(status) if ended else None
            os.write(1, f"{json.dumps(answer)}\n".encode())
    return None


def become(arguments: list[str], cwd: str, streams: list[str], environment: dict[str, str]) -> None:
    """Does what `python ARGUMENTS` does."""
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY, 0o600), number)
    signal.alarm(SECONDS)
    os.environ.update(environment)
    os.chdir(cwd)
    if arguments[0] == "-m":
        sys.argv, sys.path[0] = arguments[1:], cwd
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = arguments, cwd
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    sys.path[0] = os.fspath(Path(__file__).parents[1])
    for module in IMPORTED:
        __import__(module)
    gc.freeze()
    gc.disable()  # children end soon
    if request := serve():
        become(**request)
