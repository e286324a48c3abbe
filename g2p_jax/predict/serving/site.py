"""The page and the models that it may load, as one table of paths; also as one file."""

import base64
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

WEB = next(
    folder / "web"
    for folder in (Path(__file__).parents[2], Path(__file__).parents[3])  # installed; a clone
    if (folder / "web" / "index.html").is_file()
)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
SAFE = {  # the page loads nothing from anywhere else, and is in no frame
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class File(NamedTuple):
    """A file that is served."""

    type: str
    content: bytes


def read_site(models: Mapping[str, Path]) -> dict[str, File]:
    """Returns the files of the page by their paths, and the models of these names."""
    paths = [*WEB.glob("*.html"), *WEB.glob("*.css"), *WEB.glob("page/*.js"), *WEB.glob("src/*.js")]
    files = {f"/{path.relative_to(WEB).as_posix()}": path for path in paths}
    site = {name: File(TYPES[path.suffix], path.read_bytes()) for name, path in files.items()}
    site["/"] = site["/index.html"]
    listed = []
    for number, (name, path) in enumerate(models.items()):
        url = f"models/{number}.safetensors"
        site[f"/{url}"] = File("application/octet-stream", path.read_bytes())
        listed.append({"name": name, "url": url})
    site["/models.json"] = File(TYPES[".json"], json.dumps(listed).encode())
    return site


def one_file(models: Mapping[str, Path]) -> str:
    """Returns the page with its styles, scripts and models inside, which needs no server."""
    read = lambda found: (WEB / found[1]).read_text("utf-8")
    page = (WEB / "index.html").read_text("utf-8")
    inside = "".join(
        f'<script type="text/plain" data-model="{html.escape(name)}">{_base64(path)}</script>\n'
        for name, path in models.items()
    )
    page = page.replace("<script ", f"{inside}<script ", 1)
    style, script = r'<link rel="stylesheet" href="(.*?)">', r'<script src="(.*?)"></script>'
    page = re.sub(style, lambda found: f"<style>{read(found)}</style>", page)
    return re.sub(script, lambda found: f"<script>{read(found)}</script>", page)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
