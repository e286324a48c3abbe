"""Shows the page that pronounces what you type, in your browser.

  g2p-jax demo
  g2p-jax demo --ckpt=runs/gru,english
  g2p-jax demo --output=page.html

Only this computer can see it: the server listens at 127.0.0.1, and the model runs in the browser.
--output writes the page with its models as one file, which needs no server: open it, or send it to
somebody. Ctrl-C or SIGTERM ends the server, with status 0.
"""

import contextlib
import webbrowser
from pathlib import Path

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.errors import UsageError
from g2p_jax.files import atomic_write
from g2p_jax.predict import header

_CKPT = flags.DEFINE_list(
    "ckpt",
    ["english-small", "english"],
    "Models to choose from: runs, model files, or included models; the first is loaded at once.",
)
_PORT = flags.DEFINE_integer("port", 8017, "Port of the server; 0: a free one.", 0, 65535)
_OPEN = flags.DEFINE_bool("open", False, "Open the page in the browser.")
_OUTPUT = shared.define_output("Write the page as one file, rather than serve it.")
_OVERWRITE = shared.define_overwrite()


def main(words: list[str]) -> None:
    shared.no_words(words)
    from g2p_jax.predict.serving.demo import page_server
    from g2p_jax.predict.serving.site import one_file, read_site

    if _OUTPUT.value and (_PORT.present or _OPEN.present):
        raise UsageError("--output writes a file that needs no server: leave out --port and --open")
    names = _CKPT.value
    if _OUTPUT.value and not _CKPT.present:
        names = names[:1]  # 3 MB rather than 20
    models = {name: header.locate(name) for name in names}
    if _OUTPUT.value:
        shared.check_new(Path(_OUTPUT.value), _OVERWRITE.value)
        with atomic_write(_OUTPUT.value) as file:
            file.write(one_file(models))
        print(f"the page with {', '.join(models)} is {_OUTPUT.value}: open it in a browser")
        return
    interrupted = contextlib.suppress(KeyboardInterrupt)
    with interrupted, page_server(read_site(models), _PORT.value) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"{address} shows the page; Ctrl-C ends it", flush=True)
        if _OPEN.value:
            webbrowser.open(address)
        server.serve_forever()
