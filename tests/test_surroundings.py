"""Where the commands run: no home, a full disk, folders that cannot be written, damaged caches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOBODY = (
    "setpriv --reuid=54321 --regid=54321 --clear-groups --inh-caps +dac_read_search "
    "--ambient-caps +dac_read_search"
).split()


@pytest.fixture
def g2p_jax(tmp_path):
    """Runs `g2p-jax ARGUMENTS` in an empty folder; returns its output and its lines of warning."""
    (tmp_path / "here").mkdir()

    def run(*arguments, status=0, prefix=(), stdout=subprocess.PIPE, **environment):
        kept = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME")}
        own = {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "g2p_jax", *map(str, arguments)],
            cwd=tmp_path / "here",
            env=kept | own | {name: str(value) for name, value in environment.items()},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=200,
        )
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr.splitlines()

    return run


def test_without_a_home_that_can_be_written_one_line_says_so(g2p_jax, trained, tmp_path):
    arguments = "predict", f"--ckpt={trained}", f"--attention={tmp_path / 'maps'}", "cab"
    answer, (line,) = g2p_jax(*arguments, HOME="/dev/null")
    assert answer == "cab\tK AE B\n"
    assert "compiled programs are not kept (/dev/null/.cache/g2p_jax: Not a directory)" in line
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.skipif(
    not (sys.platform == "linux" and os.getuid() == 0 and shutil.which("setpriv")),
    reason="only root can become a user that does not exist",
)
def test_a_user_that_does_not_exist_gets_an_answer(g2p_jax):
    answer, (line,) = g2p_jax("predict", "--ckpt=english-small", "--align", "cab", prefix=NOBODY)
    assert answer.startswith("cab\tK AE B\t") and "(there is no home folder)" in line


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:100]])
def test_a_damaged_cache_is_repaired(g2p_jax, trained, tmp_path, damage):
    predict = lambda: g2p_jax(  # --align needs JAX
        "predict", f"--ckpt={trained}", "--align", "cab", HOME=tmp_path, XDG_CACHE_HOME=""
    )
    whole, lines = predict()
    assert whole.startswith("cab\tK AE B\t") and not lines
    assert not list((tmp_path / "here").iterdir())
    cache = tmp_path / ".cache" / "g2p_jax"
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) >= 2 and (cache / "traced").stat().st_mode & 0o777 == 0o700
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    answer, (line,) = predict()
    assert answer == whole and "a damaged program is compiled again" in line
    assert predict() == (whole, [])


def test_scores_are_printed_where_no_list_can_be_written(g2p_jax, trained, tmp_path):
    (tmp_path / "lexicon.txt").write_text("cab  K AE B\nface  F\n")
    (tmp_path / "a.tsv").write_text("cab\tK AE B\n")
    (tmp_path / "here" / "errors.tsv").mkdir()
    (tmp_path / "here" / "differences.tsv").mkdir()
    evaluate = "evaluate", f"--ckpt={trained}", f"--data={tmp_path / 'lexicon.txt'}"
    scores, _ = g2p_jax(*evaluate, HOME=tmp_path)
    assert scores.startswith("WER 50.00%")
    assert (
        "1 error, not listed: errors.tsv cannot be written (is a folder; name a file in it)"
        in scores
    )
    scores, log = g2p_jax(*evaluate, "--errors=errors.tsv", HOME=tmp_path, status=1)
    assert scores.startswith("WER 50.00%") and "is a folder; name a file in it" in log[-1]
    compared, _ = g2p_jax("compare", tmp_path / "a.tsv", tmp_path / "a.tsv")
    assert "all differences, not listed: differences.tsv cannot be written" in compared


def test_output_is_utf8_whatever_the_terminal_has(g2p_jax, trained, tmp_path):
    answer, log = g2p_jax(
        "predict", f"--ckpt={trained}", "cäb", "漢", HOME=tmp_path, PYTHONIOENCODING="ascii"
    )
    assert answer == "cäb\tK AE B\n漢\t\n" and "'漢' 1x" in log[0]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the streams")
def test_closed_streams_are_an_error_where_an_answer_would_be_lost(trained, tmp_path):
    output = tmp_path / "out.tsv"
    command = f"'{sys.executable}' predict.py --ckpt='{trained}' cab 漢"
    for closed, status in ((">&- <&-", 1), ("2>&- <&- --output='{output}'", 0)):
        shell = ["sh", "-c", f"{command} {closed}".format(output=output)]
        done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, timeout=200)
        assert done.returncode == status and "Traceback" not in done.stderr
    assert output.read_text() == "cab\tK AE B\n漢\t\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_line(g2p_jax, trained, tmp_path):
    with open("/dev/full", "w") as full:
        for arguments in (["--help"], ["--version"], ["predict", "--help"]):
            _, (line,) = g2p_jax(*arguments, stdout=full, status=1)
            assert line.endswith(": standard output: No space left on device")
        _, (line,) = g2p_jax(
            "predict", f"--ckpt={trained}", "cab", HOME=tmp_path, stdout=full, status=1
        )
    assert line.endswith(": standard output: No space left on device")


def test_a_signal_while_garbage_is_collected_is_not_lost(tmp_path):
    code = (
        "import os, signal\n"
        "from g2p_jax.commands.run import interrupt\n"
        "signal.signal(signal.SIGTERM, interrupt)\n"
        "class Garbage:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "Garbage()\n"
        "print('still alive')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
