"""A process that is forked answers, or says at once what to do; a spawned one answers."""

import os
import subprocess
import sys
from pathlib import Path

HERE = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}

FORK = """
import os, sys, time
import g2p_jax

def child(work):
    pid = os.fork()
    if not pid:
        try:
            print(work(), flush=True)
        except g2p_jax.UserError as error:
            print("error:", error, flush=True)
        finally:
            os._exit(0)
    deadline = time.time() + 30
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.time() > deadline:
            os.kill(pid, 9)
        time.sleep(0.01)

path = sys.argv[1]
g2p = g2p_jax.load(path)
child(lambda: g2p("cab"))
child(lambda: g2p_jax.load(path)("cab"))
print("parent", g2p("cab"), flush=True)
child(lambda: g2p("cab"))
child(lambda: g2p.inspect([("cab", ["K"])]))
child(lambda: g2p_jax.load(path)("cab"))
child(lambda: child(lambda: g2p("cab")))
"""


def test_a_model_that_was_not_used_survives_a_fork_and_another_says_what_to_do(trained):
    command = [sys.executable, "-W", "ignore:os.fork:RuntimeWarning", "-c", FORK, str(trained)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=HERE)
    *lines, last = done.stdout.splitlines()
    assert lines[:3] == ["K AE B", "K AE B", "parent K AE B"], done.stderr
    assert len(lines) == 7 and last == "None"  # of the grandchild's parent
    for line in lines[3:]:
        assert line.startswith("error: this process was forked after JAX had computed something")
        assert "load the model in the worker" in line


SPAWN = """
import multiprocessing, sys
import g2p_jax

def answer(task):
    g2p, word = task
    return g2p(word)

if __name__ == "__main__":
    g2p = g2p_jax.load(sys.argv[1])
    print(g2p("cab"))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(*pool.map(answer, [(g2p, "cab"), (g2p, "face")]), sep="\\n")
"""


def test_a_spawned_worker_gets_the_model(trained, tmp_path):
    (tmp_path / "spawn.py").write_text(SPAWN)
    command = [sys.executable, tmp_path / "spawn.py", trained]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=HERE)
    assert done.stdout.splitlines() == ["K AE B", "K AE B", "F EY S"], done.stderr
