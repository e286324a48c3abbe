"""Programs are compiled ahead of time, found by shapes and types, and don't keep Python alive."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from g2p_jax.devices import trace_cache
from g2p_jax.devices.programs import CachedProgram

ROOT = Path(__file__).parents[1]


@pytest.fixture
def traced(monkeypatch):
    """Types of x for which `half` is traced."""
    monkeypatch.setattr(trace_cache, "_folder", lambda: None)
    return []


def half(traced, key):
    def program(x):
        traced.append((x.shape, x.dtype))
        return x // 2

    return CachedProgram(program, key)


@pytest.mark.parametrize("key", [None, "half"])
@pytest.mark.parametrize("ahead", [False, True])
def test_programs_are_found_by_shapes_and_types(traced, key, ahead):
    program = half(traced, key)
    calls = [np.arange(n, dtype=dtype) for n in (4, 6) for dtype in (np.float32, np.int32)]
    if ahead:
        program.prepare((x,) for x in calls)
        program.prepare((x,) for x in calls)
    for x in (*calls, *calls):
        result = program(x)
        assert result.dtype == x.dtype
        np.testing.assert_array_equal(result, x // 2)
    assert traced == [(x.shape, x.dtype) for x in calls]


def test_programs_that_are_not_started_do_not_keep_python_from_ending():
    code = """
import time, numpy as np
from g2p_jax.devices.programs import CachedProgram
def slow(x):
    time.sleep(0.5)
    return x
CachedProgram(slow).prepare((np.arange(n),) for n in range(1, 200))
raise SystemExit(3)
"""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=90)
    assert (done.returncode, done.stderr) == (3, b"") and time.monotonic() - begun < 60
