"""The page on this computer alone, from Python's own web server."""

import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from g2p_jax.errors import UserError
from g2p_jax.predict.serving.site import SAFE, File


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # as where the client has gone
            super().handle_error(request, client_address)


def page_server(site: Mapping[str, File], port: int) -> ThreadingHTTPServer:
    """Returns a server of these files at 127.0.0.1; port 0: a free one.

    Raises UserError if the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version, timeout = "g2p_jax", "", 30  # seconds without a byte

        def do_GET(self) -> None:
            file = site.get(self.path.partition("?")[0])
            content = file.content if file else b"There is no such page.\n"
            self.send_response(200 if file else 404)
            about = {"Content-Type": file.type if file else "text/plain"}
            for name, value in (SAFE | about | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    try:
        return _Server(("127.0.0.1", port), Handler)
    except OSError as error:
        raise UserError(
            f"port {port} cannot be used ({error.strerror}); --port=0 takes a free one"
        ) from error
