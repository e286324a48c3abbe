"""The time that is left, at hand-worked points."""

import pytest

from g2p_jax.train.time_left import MEMORY, TimeLeft


def test_steps_evaluations_and_compilation_are_counted():
    left = TimeLeft(epochs=3, size=100, dev_size=10)
    assert left.after(0.1) is None
    left.add(size=50, seconds=5)  # 0.1 s for each
    assert left.after(0.5, 8) == pytest.approx(25 + 3 * 1 + 8)  # evaluations: 10 dev words each
    left.add(size=50, seconds=5)
    left.add_evaluation(9)  # it waited for programs
    assert left.after(1, 8) == pytest.approx(20 + 2 * 1)
    left.add_evaluation(0.5)
    assert left.after(2, 8) == pytest.approx(10 + 0.5)


def test_one_slow_line_changes_little():
    left = TimeLeft(epochs=100, size=1000, dev_size=0)
    for _ in range(50):
        left.add(100, 1)
    before = left.after(10)
    left.add(100, 4)  # other programs were running
    assert before < left.after(10) < 1.35 * before
    for _ in range(20):
        left.add(100, 1)
    assert left.after(10) == pytest.approx(before, rel=4 * MEMORY**20)
