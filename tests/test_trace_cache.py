"""A traced program is found again on disk, and never in place of another."""

from types import SimpleNamespace

import numpy as np
import pytest

from g2p_jax.devices import trace_cache
from g2p_jax.devices.programs import CachedProgram

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "traced"
    folder.mkdir()
    monkeypatch.setattr(trace_cache, "_folder", lambda: folder)
    return folder


@pytest.fixture
def traced():
    return []


def new_program(traced, *key):
    """A program as another process would make it; appends the shape to `traced` if it traces."""

    def program(tree, y):
        traced.append(y.shape)
        return {"sum": tree["x"] + y, "product": (tree["x"] * y,)}

    return CachedProgram(program, key)


def check(program, y):
    result = program({"x": X}, y)
    np.testing.assert_array_equal(result["sum"], X + y)
    np.testing.assert_array_equal(result["product"][0], X * y)


def test_a_traced_program_is_not_traced_again(folder, traced):
    for _ in range(2):
        program = new_program(traced, "about")
        for _ in range(2):
            check(program, X + 1)
    assert traced == [(2, 3)] and len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("y", [X[:1], X.astype(np.int32)], ids=["shape", "type"])
def test_other_arguments_are_another_program(folder, traced, y):
    check(new_program(traced, "about"), X)
    check(new_program(traced, "about"), y)
    assert traced == [(2, 3), y.shape]


def test_another_key_is_another_program(folder, traced):
    for key in ("one", "another"):
        check(new_program(traced, key), X)
    assert len(traced) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: b"", bytes.upper])
def test_a_damaged_file_is_replaced(folder, traced, damage):
    check(new_program(traced), X)
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    for _ in range(2):
        check(new_program(traced), X)
    assert len(traced) == 2 and list(folder.iterdir()) == [file]


def test_without_a_folder_programs_are_traced(folder, traced, monkeypatch):
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    check(new_program(traced), X)
    monkeypatch.setattr(trace_cache, "_folder", lambda: None)
    check(new_program(traced), X)
    assert len(traced) == 2


def test_the_folder_is_private_in_that_of_compiled_programs(monkeypatch, tmp_path):
    folder, blocked = tmp_path / "c" / "traced", tmp_path / "file"
    blocked.touch()
    for cache, expected in [
        (folder.parent, folder), (None, None), ("", None), ("gs://c", None), (blocked, None),
    ]:  # fmt: skip
        settings = SimpleNamespace(jax_compilation_cache_dir=cache and str(cache))
        monkeypatch.setattr(trace_cache, "SETTINGS", settings)
        assert trace_cache._folder() == expected
    assert folder.stat().st_mode & 0o777 == 0o700
    settings.jax_compilation_cache_dir = str(folder.parent)
    folder.chmod(0o777)
    assert trace_cache._folder() is None
    folder.chmod(0o700)
    monkeypatch.setattr(trace_cache.os, "getuid", lambda: folder.stat().st_uid + 1)
    assert trace_cache._folder() is None
