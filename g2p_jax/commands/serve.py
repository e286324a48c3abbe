"""Serves pronunciations over HTTP: a JSON API and the page of g2p-jax demo.

  g2p-jax serve --ckpt=english-small
  g2p-jax serve --ckpt=runs/gru --port=8018
  g2p-jax serve --lexicon=lexicon.txt,cmudict --host=0.0.0.0

  curl -H 'Content-Type: application/json' -d '{"words": ["through"]}' localhost:8017/pronounce

POST /pronounce takes {"words": [...], "nbest": 1, "alphabet": "ipa", "stress": true, "language":
"deu"}; all but words may be left out. GET /health answers 200 when the model is warm, GET /metrics
is for Prometheus. SIGTERM or Ctrl-C ends the server when the requests that it has are answered,
with status 0. It needs uvicorn: pip install uvicorn httptools. docs/serving.md has the limits.
"""

import functools
import gc
import ipaddress
import socket
from typing import TYPE_CHECKING

from absl import flags, logging

from g2p_jax.commands import shared
from g2p_jax.commands.run import leave
from g2p_jax.errors import UserError, missing
from g2p_jax.predict import header

if TYPE_CHECKING:
    from g2p_jax.predict.pronouncer import Pronouncer
    from g2p_jax.predict.serving.service import Service

_CKPT = flags.DEFINE_string(
    "ckpt",
    "english-small",
    "Folder of a run, a model file, or an included model: english, english-small, world.",
)
_LEXICON = flags.DEFINE_list(
    "lexicon",
    None,
    "Lexicons that answer before the model, in their order: files, cmudict, or none; default: "
    "cmudict for the included models of English.",
)
_LANGUAGE = flags.DEFINE_string(
    "language", "", "Language of the words, for a model of many: deu or de; auto: it is guessed."
)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen at; 0.0.0.0: all networks.")
_PORT = flags.DEFINE_integer("port", 8017, "Port to listen at; 0: a free one.", 0, 65535)


def main(words: list[str]) -> None:
    shared.no_words(words)
    try:
        import uvicorn
    except ImportError as error:
        raise UserError(missing("the server needs", "uvicorn", "httptools")) from error
    from g2p_jax.predict.serving.app import App
    from g2p_jax.predict.serving.protocol import Protocol
    from g2p_jax.predict.serving.service import Service
    from g2p_jax.predict.serving.site import read_site

    service = Service(_load())
    site = read_site({_CKPT.value: header.locate(_CKPT.value)})
    app = App(site, service.pronounce, functools.partial(_warm_up, service))
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_config=None,
        log_level="error",  # not a line for each request that is no HTTP
        access_log=False,
        server_header=False,
        limit_concurrency=1000,
        timeout_graceful_shutdown=15,
    )
    with _listen(_HOST.value, _PORT.value) as listener:
        host, port = listener.getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        print(f"http://{address}/ is the page; POST /pronounce; Ctrl-C ends it", flush=True)
        if not ipaddress.ip_address(host).is_loopback:
            logging.warning("other computers can use this server: put a proxy with TLS before it")
        try:
            uvicorn.Server(config).run([listener])
        except KeyboardInterrupt:  # of the signal, after all requests have been answered
            pass
    leave(0)


def _warm_up(service: "Service") -> None:
    """Compiles what requests need; what stays is left out of garbage collection, which pauses."""
    service.warm_up()
    gc.collect()
    gc.freeze()


def _load() -> "Pronouncer":
    """The model of the flags, with lexicons before it."""
    from g2p_jax.predict.lexicon_first import LexiconFirst, names, read_lexicons

    g2p = shared.load_model(_CKPT.value, _LANGUAGE.value)
    about = header.Header(g2p.config, g2p.symbols)
    lexicons = read_lexicons(names(_LEXICON.value, _CKPT.value), about)
    return LexiconFirst(lexicons, g2p) if lexicons else g2p


def _listen(host: str, port: int) -> socket.socket:
    """Returns a socket at this address; UserError if it cannot be used."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # UnicodeError: of a name that no computer can have
        fix = "choose another --host or --port; --port=0 takes a free one"
        why = (getattr(error, "strerror", "") or "no name of a computer").partition(" (")[0]
        raise UserError(f"{host}:{port} cannot be used ({why}); {fix}") from error
