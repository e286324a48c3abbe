"""What was traced is found again, and never in place of something else."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from g2p_jax.devices import programs as traced_lib
from g2p_jax.devices.programs import CachedProgram

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "traced"
    monkeypatch.setattr(traced_lib, "_folder", lambda: folder)
    return folder


@pytest.fixture
def traced():
    return []


def kept(traced, *about):
    """As another process would make it; notes in `traced` what it traces."""

    def program(tree, y):
        traced.append(y.shape)
        return {"sum": tree["x"] + y, "product": (tree["x"] * y,)}

    return CachedProgram(program, *about)


def check(program, y):
    found = program({"x": X}, y)
    np.testing.assert_array_equal(found["sum"], X + y)
    np.testing.assert_array_equal(found["product"][0], X * y)


def test_what_was_traced_is_not_traced_again(place, traced):
    for _ in range(2):
        program = kept(traced, "about")
        for _ in range(2):
            check(program, X + 1)
    assert traced == [(2, 3)] and len(list(place.iterdir())) == 1


@pytest.mark.parametrize("y", [X[:1], X.astype(np.int32)], ids=["shape", "type"])
def test_other_arguments_are_another_program(place, traced, y):
    check(kept(traced, "about"), X)
    check(kept(traced, "about"), y)
    assert traced == [(2, 3), y.shape]


def test_what_it_is_about_makes_another_program(place, traced):
    for about in ("one", "another"):
        check(kept(traced, about), X)
    assert len(traced) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: b"", bytes.upper])
def test_a_damaged_file_is_made_again(place, traced, damage):
    check(kept(traced), X)
    (file,) = place.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    for _ in range(2):
        check(kept(traced), X)
    assert len(traced) == 2 and list(place.iterdir()) == [file]


def test_where_nothing_can_be_kept_all_goes_on(place, traced, monkeypatch):
    place.write_text("a file where the folder should be")
    check(kept(traced), X)
    monkeypatch.setattr(traced_lib, "_folder", lambda: None)
    check(kept(traced), X)
    assert len(traced) == 2


def test_programs_are_kept_beside_those_that_are_compiled(monkeypatch):
    for cache, folder in [("/c", Path("/c/traced")), (None, None), ("", None), ("gs://c", None)]:
        settings = SimpleNamespace(jax_compilation_cache_dir=cache)
        monkeypatch.setattr(traced_lib, "SETTINGS", settings)
        assert traced_lib._folder() == folder
