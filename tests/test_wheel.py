"""What is installed from the wheel answers as the clone does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import g2p_jax

ROOT = Path(__file__).parents[1]
SOURCES = "g2p_jax", "pyproject.toml", "README.md", "LICENSE", "requirements.txt"


def test_the_installed_wheel_answers_as_the_clone(tmp_path):
    source, wheels, site = (tmp_path / name for name in ("source", "wheels", "site"))
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        source.mkdir(exist_ok=True)
        copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", source]
    subprocess.run(build, check=True)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", f"--target={site}", wheel], check=True)
    words = ["through", "colonel", "antidote"]
    code = (
        "import g2p_jax, g2p_jax.data.alphabets; print(g2p_jax.__file__);"
        "g2p = g2p_jax.load(lexicon='none');"
        f"print(*map(g2p, {words}), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.fspath(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    where, *answers = done.stdout.splitlines()
    assert Path(where).is_relative_to(site)
    assert answers == [*map(g2p_jax.load(lexicon="none"), words)]
