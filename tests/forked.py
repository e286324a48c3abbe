"""Python commands as children of a process that has imported JAX: each saves a second of CPU.

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
from pathlib import Path
from typing import Any

IMPORTED = "jax", "flax.linen", "optax", "orbax.checkpoint", "ml_collections.config_flags"
SECONDS = 300  # after which a child is killed


class Forked:
    """Runs `python ARGUMENTS`, with this environment, and options of Python itself."""

    def __init__(self, environment: dict[str, str], *options: str):
        # A training would begin anew to set this.
        environment = environment | {"GLIBC_TUNABLES": ""}
        command = [sys.executable, *options, __file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._server = subprocess.Popen(command, env=environment, text=True, bufsize=1, **pipes)

    def run(self, arguments: list, cwd: Path, input: str = "") -> subprocess.CompletedProcess[str]:
        """Returns the finished process; its output is text."""
        with tempfile.TemporaryDirectory() as folder:
            streams = [os.path.join(folder, name) for name in ("in", "out", "err")]
            Path(streams[0]).write_text(input)
            request = {"arguments": list(map(str, arguments)), "cwd": str(cwd), "streams": streams}
            print(json.dumps(request), file=self._server.stdin)
            status = int(self._server.stdout.readline())
            output = (Path(stream).read_text() for stream in streams[1:])
            return subprocess.CompletedProcess(arguments, status, *output)

    def close(self) -> None:
        self._server.communicate()


def serve() -> dict[str, Any] | None:
    """Forks for each request and writes the child's status; returns the request in the child."""
    with open(0, "rb", buffering=0, closefd=False) as requests:
        for line in requests:
            child = os.fork()
            if not child:
                return json.loads(line)
            _, status = os.waitpid(child, 0)
            os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return None


def become(arguments: list[str], cwd: str, streams: list[str]) -> None:
    """Does what `python ARGUMENTS` does."""
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY, 0o600), number)
    signal.alarm(SECONDS)
    os.chdir(cwd)
    if arguments[0] == "-m":
        sys.argv, sys.path[0] = arguments[1:], cwd
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = arguments, cwd
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    for module in IMPORTED:
        __import__(module)
    gc.freeze()
    if request := serve():
        become(**request)
