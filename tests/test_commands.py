"""The commands as a user runs them: real processes, real files, real kills."""

import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import g2p_jax
from g2p_jax import commands
from g2p_jax.commands.run import before_words, normal
from g2p_jax.data.alphabets import convert
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.predict import header, model_file
from tests.forked import Forked

ROOT = Path(__file__).parents[1]
WARNINGS = "-W", "error::DeprecationWarning:g2p_jax"
KILLS = int(os.environ.get("G2P_JAX_TEST_KILLS", "2"))
NAMES = [name for group in commands.COMMANDS.values() for name in group]
WITH_CONFIG = ("train", "gradients")
EPOCHS = 3 * KILLS  # so that there is always something left to kill


@pytest.fixture(scope="session")
def forked(cache):
    server = Forked(environment(cache), *WARNINGS)
    yield server
    server.close()


@pytest.fixture
def command(cache, forked):
    """Runs `python ARGUMENTS` in the project's folder and returns the finished process.

    anew: where it matters how Python starts, or with which environment.
    """

    def run(*arguments, status=0, input="", anew=False) -> subprocess.CompletedProcess:
        if anew:
            done = subprocess.run(
                [sys.executable, *WARNINGS, *map(str, arguments)],
                cwd=ROOT, env=environment(cache), capture_output=True, text=True, timeout=300,
            )  # fmt: skip
        else:
            done = forked.run(arguments, ROOT, input)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def environment(cache: Path) -> dict[str, str]:
    """Compiles in a third of the time; tests of the wheel compile as users do."""
    own = {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PLATFORMS": "cpu"}
    return os.environ | own | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory) -> Path:
    """1,500 words of CMUdict in the contest's format; short ones, which have few shapes."""
    from g2p_jax.data.lexicon import read_lexicon

    path = tmp_path_factory.mktemp("data") / "train.txt"
    with path.open("w") as file:
        short = [pair for pair in read_lexicon("cmudict", stress=False) if len(pair.word) < 8]
        for word, pronunciations in short[::46]:
            file.write(" ".join([word, *map("_".join, pronunciations)]) + "\n")
    return path


def train_arguments(lexicon: Path, folder: Path) -> list:
    return [
        "train.py",
        "--config=configs/gru.py:tiny",
        f"--config.data.train={lexicon}",
        f"--config.train.epochs={EPOCHS}",
        "--config.train.checkpoint_every=1",
        "--config.model.encoder_dropout=0.1",
        "--config.model.decoder_layers=1",
        f"--workdir={folder}",
    ]


@pytest.fixture(scope="session")
def trained(lexicon, cache, tmp_path_factory) -> Path:
    """The folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    arguments = [sys.executable, *map(str, train_arguments(lexicon, folder))]
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment(cache), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"epoch {EPOCHS}/{EPOCHS} in" in done.stderr and "predict.py --ckpt" in done.stderr
    assert "hello: " in done.stderr  # one sees it learn
    return folder


def test_metrics_are_json_lines(trained):
    reports = [json.loads(x) for x in (trained / "metrics.jsonl").read_text().splitlines()]
    epochs = [report for report in reports if "epoch" in report]
    assert [report["epoch"] for report in epochs] == [n + 1 for n in range(EPOCHS)]
    assert epochs[1]["dev_loss"] < epochs[0]["dev_loss"] < np.log(43)
    assert all(report["words_per_second"] > 0 for report in reports if "epoch" not in report)


def test_a_run_killed_again_and_again_ends_bit_for_bit_the_same(
    trained, lexicon, cache, command, tmp_path
):
    folder, dice = tmp_path / "killed", random.Random(0)
    arguments = [sys.executable, *map(str, train_arguments(lexicon, folder))]
    for _ in range(KILLS):
        process = subprocess.Popen(
            arguments, cwd=ROOT, env=environment(cache), stderr=subprocess.PIPE, text=True
        )
        for line in process.stderr:  # once it trains, at any moment of what is left
            if " step " in line and "continuing" not in line:
                break
        time.sleep(dice.uniform(0, 1.5))
        assert process.poll() is None, "it had nothing left to do"
        process.send_signal(signal.SIGKILL)
        process.stderr.close()
        process.wait()
    command(*train_arguments(lexicon, folder))
    whole, killed = (path / "model.safetensors" for path in (trained, folder))
    assert whole.read_bytes() == killed.read_bytes()


def started(lexicon: Path, folder: Path, cache: Path, text: str) -> subprocess.Popen:
    """A training that has written a line with this text."""
    process = subprocess.Popen(
        [sys.executable, *map(str, train_arguments(lexicon, folder))],
        cwd=ROOT,
        env=environment(cache),
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if text in line:
            return process
    raise AssertionError(f"it ended without {text!r}")


def test_sigterm_saves_and_ends_well(lexicon, cache, tmp_path, command):
    process = started(lexicon, tmp_path / "run", cache, " step ")
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert "the same command continues" in text
    assert "continuing" in command(*train_arguments(lexicon, tmp_path / "run")).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["starting JAX", "compiling 2 programs"])
def test_before_the_first_step_a_signal_ends_a_training_at_once(when, number, lexicon, tmp_path):
    """Nothing is compiled yet: compiling all takes much longer than the end."""
    process = started(lexicon, tmp_path / "run", tmp_path / "cache", when)
    sent = time.monotonic()
    process.send_signal(number)
    text = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number and "Traceback" not in text
    assert time.monotonic() - sent < 4


def test_a_second_training_in_a_folder_ends_with_one_line(lexicon, cache, tmp_path, command):
    process = started(lexicon, tmp_path / "run", cache, " step ")
    text = command(*train_arguments(lexicon, tmp_path / "run"), status=1).stderr
    assert text.splitlines()[-1].endswith(
        "run: another process trains there; wait for it, or stop it"
    )
    process.kill()
    process.communicate()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB: too small for two checkpoints and a model."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_ends_a_training_with_one_line(trained, lexicon, command, small_disk):
    run = train_arguments(lexicon, small_disk / "run")
    lines = command(*run, status=1).stderr.splitlines()
    (last,) = [line for line in lines if line.startswith("train.py: ")]
    assert "the disk is full" in last and "the same command continues from there" in last
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    command(*run)
    whole, again = (path / "model.safetensors" for path in (trained, small_disk / "run"))
    assert whole.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("delay", [0.2, 0.35, 0.6])
@pytest.mark.parametrize("script", ["train.py", "predict.py"])
def test_ctrl_c_while_python_imports_leaves_no_traceback(script, delay, tmp_path):
    process = subprocess.Popen(
        [sys.executable, script, f"--workdir={tmp_path}"][: 2 + (script == "train.py")],
        cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=60)[1]
    assert process.returncode in (130, -signal.SIGINT) and "rror" not in text, text


def test_training_says_what_it_will_do_before_it_imports_jax(tmp_path, command, monkeypatch):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("raise SystemExit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = command("train.py", "--config=configs/gru.py:tiny", status=7, anew=True).stderr
    where = "is trained on cmudict in runs"
    assert log[9:] == f"configs/gru.py:tiny {where}/gru-tiny; starting JAX\n"
    log = command("train.py", status=7, anew=True).stderr
    assert log[9:] == f"configs/gru.py (the default: no --config) {where}/gru; starting JAX\n"


def test_predict_answers_arguments_files_and_standard_input(trained, command, tmp_path):
    ckpt = f"--ckpt={trained}"
    answer = command("predict.py", ckpt, "hello", "world").stdout
    assert [line.split("\t")[0] for line in answer.splitlines()] == ["hello", "world"]
    assert answer == command("predict.py", ckpt, input="hello\r\nworld").stdout

    words, output = tmp_path / "test.csv", tmp_path / "submission.csv"
    words.write_text("Id,Word\n7,hello\n9,world\n")
    command("predict.py", ckpt, f"--input={words}", f"--output={output}")
    rows = [line.split(",") for line in output.read_text().splitlines()]
    assert [row[0] for row in rows] == ["Id", "7", "9"]
    assert rows[1][1].replace("_", " ") == answer.splitlines()[0].split("\t")[1]

    done = command("predict.py", ckpt, "--lexicon=cmudict", "hello", "xelloq").stdout
    assert [line.split("\t")[2] for line in done.splitlines()] == ["lexicon", "model"]
    assert done.startswith("hello\tHH AH L OW\tlexicon\nxelloq\t")
    done = command("predict.py", ckpt, "--mass=0.99", "hello").stdout
    assert 1 < len(done.splitlines()) <= 8
    rows = command("predict.py", ckpt, "--align", "hello").stdout.rstrip("\n").split("\t")
    assert [len(row.split()) for row in rows[1:]] == [len(rows[1].split())] * 3
    done = command("predict.py", ckpt, "--nbest=2", "hello", "héllo", "h😀")
    assert len(done.stdout.splitlines()) == 6
    assert "of 3 words 1 was answered in part only; unknown" in done.stderr


@pytest.mark.parametrize("closed", ["<&- >&-", "<&- >&- 2>&-"])
def test_what_cannot_be_read_or_written_is_never_lost_without_a_word(closed, tmp_path):
    """A closed stream is not taken for the next file that is opened."""
    for arguments in ("predict.py hello", "predict.py --text hello", "predict.py --help"):
        shell = f"exec {sys.executable} {arguments} {closed}"
        done = subprocess.run(shell, shell=True, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 1
        expected = "predict.py: standard input or output is closed; name a file\n"
        assert done.stderr == expected * (closed == "<&- >&-")
    output = f"{sys.executable} predict.py hello --output={tmp_path / 'out.tsv'}"
    subprocess.run(f"{output} {closed}", shell=True, cwd=ROOT, check=True)
    assert (tmp_path / "out.tsv").read_text() == "hello\tHH AH L OW\n"
    done = subprocess.run(f"{sys.executable} predict.py {closed}", shell=True, cwd=ROOT)
    assert done.returncode == 1


def test_known_words_need_no_jax(command, monkeypatch, tmp_path):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("raise SystemExit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    words, lexicon = tmp_path / "words.txt", tmp_path / "lexicon.txt"
    words.write_text("through\ntomato\n")
    lexicon.write_text("bad B AE D\n")
    predict = functools.partial(command, "predict.py", f"--input={words}", anew=True)
    assert predict().stdout == "through\tTH R UW\ntomato\tT AH M EY T OW\n"
    assert predict("--stress", "--format=kaldi-prob", "--nbest=2").stdout == (
        "through 1.0 TH R UW1\ntomato 1.0 T AH0 M EY1 T OW2\ntomato 1.0 T AH0 M AA1 T OW2\n"
    )
    output = tmp_path / "out.txt"
    predict(f"--merge={lexicon}", f"--output={output}")
    merged = "bad B AE D\nthrough TH R UW\ntomato T AH M EY T OW\n"
    assert output.read_text() == merged
    predict("--min-confidence=0.9", "--alphabet=kokoro", f"--output={output}.tsv")
    shown = "through\tθ ɹ ˈu\tlexicon\ntomato\tt ə m ˈA t ˌO\tlexicon\n"
    assert (tmp_path / "out.txt.tsv").read_text() == shown


def test_predict_writes_what_other_tools_read(trained, command, tmp_path):
    predict = "predict.py", f"--ckpt={trained}"
    done = command(*predict, "--alphabet=ipa", "--format=kaldi-prob", "--nbest=2", "cab")
    best, second = (line.split() for line in done.stdout.splitlines())
    assert best[:2] == ["cab", "1.0"] and 0 < float(second[1]) < 1
    assert not set("".join(best[2:])) & set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    words, output = tmp_path / "words.txt", tmp_path / "merged.txt"
    words.write_text("cab\nHello\nback\nback\n")
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_bytes(b"<UNK> SPN\r\nBAD B AE D\r\nHELLO HH AH L OW\r\n")
    merge = *predict, f"--merge={lexicon}", f"--input={words}"
    command(*merge, f"--output={output}")
    lines = output.read_bytes().split(b"\r\n")
    assert [line.split()[0] for line in lines[:-1]] == [b"<UNK>", b"BACK", b"BAD", b"CAB", b"HELLO"]
    command(*merge, f"--output={lexicon}")  # in its place
    assert lexicon.read_bytes() == output.read_bytes()
    refused = command(*merge, f"--output={words}", status=1).stderr
    assert "words.txt is there already; --overwrite replaces it" in refused


@pytest.mark.parametrize("flags", [(), ("--input=-", "--lexicon=cmudict"), ("--input=/dev/stdin",)])
def test_predict_answers_each_line_of_a_pipe_when_it_comes(flags, trained, cache):
    process = subprocess.Popen(
        [sys.executable, "predict.py", f"--ckpt={trained}", *flags],
        cwd=ROOT, env=environment(cache), text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        for words in (["hello"], ["world"], ["well-known", "through"]):
            process.stdin.write("".join(f"{word}\n" for word in words))
            answers = [process.stdout.readline().split("\t")[0] for _ in words]  # else it hangs
            assert answers == words
        process.stdin.close()
    assert process.returncode == 0


def test_predict_killed_at_random_and_resumed_writes_the_same_bytes(
    trained, cache, command, tmp_path
):
    """Until it is complete, --resume continues it; a kill loses nothing and repeats nothing."""
    words, dice = tmp_path / "words.txt", random.Random(2)
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = ("".join(dice.choices(letters, k=dice.randint(1, 7))) for _ in range(80_000))
    lines = (line + "7" * (dice.random() < 0.01) for line in lines)
    words.write_text("".join(line + "\n" for line in lines))
    ckpt, whole, output = f"--ckpt={trained}", tmp_path / "whole.tsv", tmp_path / "out.tsv"
    reports = tmp_path / "whole report.tsv", tmp_path / "report.tsv"
    of = lambda path, report: (f"--input={words}", f"--output={path}", f"--report={report}")
    command("predict.py", ckpt, *of(whole, reports[0]))
    resume = "predict.py", ckpt, *of(output, reports[1]), "--resume"
    notes = tmp_path / "out.tsv.part.json"
    for _ in range(2):
        arguments = [sys.executable, *resume]
        begun = notes.read_text() if notes.exists() else ""
        process = subprocess.Popen(
            arguments, cwd=ROOT, env=environment(cache), stderr=subprocess.DEVNULL
        )
        while not notes.exists() or '"done": null' in (text := notes.read_text()) or text == begun:
            assert process.poll() is None, "it had nothing left to do"
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.5))
        process.kill()
        process.wait()
        assert not output.exists()
    wrong = command(*resume, "--beam=2", status=1).stderr
    assert "out.tsv.part was begun with --beam 0, now it is 2" in wrong
    assert "continuing" in command(*resume).stderr
    assert output.read_bytes() == whole.read_bytes()
    assert reports[0].read_text() == reports[1].read_text()
    lines = words.read_text().splitlines()
    report = [line.split("\t") for line in reports[1].read_text().splitlines()]
    silent = {int(id) for id, _, how, _ in report if how == "silent"}  # the model is a small one
    partly = [n for n, word in enumerate(lines, 1) if word[-1] == "7" and n not in silent]
    expected = [[str(n), lines[n - 1], "partly", "7"] for n in partly]
    assert [row for row in report if row[2] == "partly"] == expected
    assert len(expected) > 300 and len(silent) < 100
    assert "is complete" in command(*resume).stderr
    assert not notes.exists() and not (tmp_path / "out.tsv.part").exists()
    words.write_text(f"{words.read_text()}one more\n")
    assert "out.tsv was written with other words" in command(*resume, status=1).stderr


def test_evaluate_prints_rates_and_writes_errors(trained, lexicon, command, tmp_path):
    errors = tmp_path / "errors.tsv"
    done = command(
        "-m", "g2p_jax", "evaluate", f"--ckpt={trained}", f"--data={lexicon}", f"--errors={errors}"
    )
    rows = [line.split("\t") for line in errors.read_text().splitlines()[1:]]
    assert "WER" in done.stdout and f"{len(rows)} errors" in done.stdout
    for _, answer, references, _ in rows:
        assert answer not in references.split(" | ")
    scores, ipa, few = done.stdout.splitlines()[0], tmp_path / "ipa.tsv", tmp_path / "few.txt"
    with ipa.open("w") as file:
        for word, each in read_lexicon(lexicon):
            texts = (" ".join(convert(p, "arpabet", "ipa", stress=False)) for p in each)
            file.writelines(f"{word}\t{text}\n" for text in texts)
    few.write_text("хлеб x l e p\nдом d o m\nabc k o\n")
    evaluate = "-m", "g2p_jax", "evaluate", f"--ckpt={trained}", f"--errors={errors}"
    assert command(*evaluate, f"--data={ipa}").stdout.splitlines()[0] == scores
    other = command(*evaluate, f"--data={few}").stderr
    assert "no phoneme of the lexicon is one of the model's; the lexicon has x, l, e" in other
    assert "most words have letters that the model does not know: 'хлеб', 'дом'" in other
    done = command(*evaluate)
    dev = json.loads((trained / "metrics.jsonl").read_text().splitlines()[-1])["best_wer"]
    assert f"{100 * dev:.2f}%" in done.stdout


def test_models_are_joined_and_members_chosen(trained, command, tmp_path):
    both, copy = tmp_path / "both", shutil.copytree(trained, tmp_path / "copy")
    join = "-m", "g2p_jax", "join", f"--output={both}", trained
    assert "2 members" in command(*join, copy).stdout
    assert f"{trained} is named twice" in command(*join, f"{trained}/", status=2).stderr
    assert "exists: choose another --output" in command(*join, copy, status=1).stderr
    assert "2 members" in command(*join, copy, "--overwrite").stdout
    alone = command("predict.py", f"--ckpt={trained}", "hello", "world").stdout
    assert command("predict.py", f"--ckpt={both}", "hello", "world").stdout == alone
    assert command("predict.py", f"--ckpt={both}", "--members=1", "hello", "world").stdout == alone
    wrong = command("predict.py", f"--ckpt={both}", "--members=2", "hello", status=1).stderr
    assert "this model has members 0 to 1" in wrong
    wrong = command("predict.py", f"--ckpt={both}", "--members=a", "hello", status=2).stderr
    assert "--members=a: expected numbers" in wrong


def test_nothing_is_replaced_that_a_command_did_not_make(trained, lexicon, command, tmp_path):
    notes = tmp_path / "notes.tsv"
    notes.write_text("mine\n")
    before = {path: path.read_bytes() for path in (notes, trained / header.NAME)}
    g2p = "-m", "g2p_jax"
    data = f"--data={lexicon}"
    for arguments, message in (
        (["restress", lexicon, f"--output={notes}"], "exists: choose another --output, or replace"),
        (["evaluate", f"--ckpt={trained}", f"--errors={notes}"], "is another file: choose another"),
        (["predict", f"--ckpt={trained}", "hello", f"--output={notes}"], "--overwrite replaces it"),
        (["calibrate", f"--ckpt={trained}", f"--output={trained}"], "exists: choose another"),
        (["predict", f"--ckpt={trained}", "hello", f"--report={notes}"], "--overwrite replaces it"),
        (["predict", "--ckpt=englsh", "hello"], "did you mean english?"),
        (
            ["calibrate", "--ckpt=english-small", data],
            "comes with g2p_jax and stays as it is: give",
        ),
    ):
        assert message in command(*g2p, *arguments, status=1 + ("stays" in message)).stderr
    assert {path: path.read_bytes() for path in before} == before
    new = tmp_path / "new"
    assert (
        f"stored in {new}"
        in command(*g2p, "calibrate", f"--ckpt={trained}", f"--output={new}").stdout
    )
    assert (new / header.NAME).exists() and before[trained / header.NAME] == (
        trained / header.NAME
    ).read_bytes()


def test_a_joint_model_is_learnt_and_calibrated(trained, lexicon, command, tmp_path):
    both = tmp_path / "both"
    done = command("-m", "g2p_jax", "join", trained, "--ngram=5", f"--output={both}")
    assert re.fullmatch(r"1 member and a joint \d-gram model in .*both\n", done.stdout)
    wer = {}
    for run in (trained, both):
        evaluate = "-m", "g2p_jax", "evaluate", f"--ckpt={run}", f"--data={lexicon}"
        scores = command(*evaluate, f"--errors={tmp_path / 'errors.tsv'}").stdout
        wer[run] = float(re.match(r"WER ([\d.]+)%", scores)[1])
    assert wer[both] < wer[trained] - 5  # most of these words it has seen
    calibrated = command("-m", "g2p_jax", "calibrate", f"--ckpt={both}").stdout
    before, after = re.findall(r"([\d.]+)%", calibrated)
    assert before != after
    temperature = float(re.match(r"temperature ([\d.]+), stored in", calibrated)[1])
    assert model_file.read(both).config.temperature == pytest.approx(temperature, abs=1e-3)
    command(
        "-m",
        "g2p_jax",
        "join",
        both,
        "--temperature=1.25",
        "--beam=6",
        f"--output={both}",
        "--overwrite",
    )
    config = model_file.read(both).config
    assert (config.temperature, config.beam) == (1.25, 6)
    answer = command("predict.py", f"--ckpt={both}", "--nbest=2", "hello").stdout
    assert answer.count("hello\t") == 2
    join, other = ("-m", "g2p_jax", "join"), tmp_path / "other"
    command(*join, trained, "--ngram=3", f"--output={other}")
    wrong = command(*join, both, other, f"--output={tmp_path / 'wrong'}", status=1).stderr
    assert (
        f"{other} has another joint n-gram model than {both}: --ngram=8 counts a new one" in wrong
    )
    done = command(*join, trained, both, f"--output={tmp_path / 'two'}")  # the second's is kept
    assert re.match(r"2 members and a joint \d-gram model", done.stdout)


def test_a_joint_model_is_learnt_in_training(lexicon, command, tmp_path):
    train = *train_arguments(lexicon, tmp_path / "run"), "--config.ngram=3"
    log = command(*train).stderr
    assert "fitting the joint 3-gram model" in log
    evaluate = "-m", "g2p_jax", "evaluate", f"--ckpt={tmp_path / 'run'}"
    scores = command(*evaluate, f"--errors={tmp_path / 'errors.tsv'}").stdout
    assert scores.splitlines()[0] in log
    other = command(*train[:-1], status=1).stderr
    assert "was begun with config.ngram=3, now it is 0" in other


def test_a_temperature_is_stored_and_found_again(trained, command, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(trained / "model.safetensors", run)
    calibrate = "-m", "g2p_jax", "calibrate", f"--ckpt={run}"
    first, second = (command(*calibrate).stdout.splitlines() for _ in range(2))
    assert first[0].startswith("temperature ") and first[0] == second[0]
    before, after = (re.findall(r"[\d.]+%", lines[1]) for lines in (first, second))
    assert after == [before[1]] * 2
    assert (run / "calibration.png").stat().st_size > 5000
    ask = [command("predict.py", f"--ckpt={path}", "hello").stdout for path in (trained, run)]
    assert ask[0] == ask[1]


@pytest.mark.parametrize("name", ["english", "english_small"])
def test_the_config_of_a_shipped_model_trains(name, command, tmp_path):
    few = "--config.data.limit=200", "--config.train.epochs=1", "--config.train.buckets=1"
    command("train.py", f"--config=configs/{name}.py:tiny", *few, f"--workdir={tmp_path}")
    answer = command("predict.py", f"--ckpt={tmp_path}", "through").stdout
    assert answer.startswith("through\t")


def test_a_language_model_invents_and_scores(lexicon, command, tmp_path):
    run = tmp_path / "lm"
    command(
        "train.py",
        "--config=configs/phoneme_lm.py:tiny",
        f"--config.data.train={lexicon}",
        "--config.train.epochs=2",
        "--config.train.buckets=1",
        f"--workdir={run}",
    )
    generate = "-m", "g2p_jax", "generate", f"--ckpt={run}"
    invented = command(*generate, "--count=4", "--prompt=K AE").stdout
    assert len(invented.splitlines()) == 4
    assert all(line.startswith("K AE") for line in invented.splitlines())
    done = command(*generate, "--score", "K AE T", "ZH ZH NG")
    assert done.stdout == command(*generate, "--score", input="K AE T\r\nZH ZH NG\n").stdout
    header, cat, noise, total = (line.split("\t") for line in done.stdout.splitlines())
    assert header[-1] == "sequence" and float(cat[0]) < float(noise[0])
    assert float(cat[2]) + float(noise[2]) == pytest.approx(float(total[2]), abs=0.01)
    assert "'Q' in 'Q'" in command(*generate, "--score", "Q", status=1).stderr
    bad = command(*generate, "--score", input="K AE T\nK\rAE\n", status=1).stderr
    assert "input:2: expected line feeds between lines" in bad
    assert "a language model" in command("predict.py", f"--ckpt={run}", "hi", status=1).stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["predict.py", "--ckpt=englisch", "hello"], 1, "did you mean english?"),
        (["predict.py", "--ckpt=nowhere", "hello"], 1, "nowhere: no trained model here"),
        (["predict.py", "--ckpt=README.md", "hello"], 1, "README.md: not a g2p_jax model"),
        (["predict.py", "--nbest=0", "hello"], 2, "nbest"),
        (["predict.py", "--min-confidence=nan", "hello"], 2, "nan: must be a finite number"),
        (["-m", "g2p_jax", "join", "--temperature=nan"], 2, "nan: must be a finite number"),
        (["predict.py", f"--members={'1' * 5000}", "hello"], 2, "expected numbers, as in"),
        (["train.py", f"--config.train.seed={10**20}"], 2, "must be in [0, 4294967295]"),
        (["-m", "g2p_jax", "gradients", "--output=/proc/x"], 1, "/proc: this folder cannot be"),
        (["predict.py", "--output=/proc/x.tsv", "hello"], 1, "/proc: this folder cannot be"),
        (["predict.py", "--input=", "hello"], 2, "--input is empty: give it a value, or leave it"),
        (["predict.py", "--input=words.txt", "--members="], 2, "--members is empty"),
        (["predict.py", "--ckpt=x", "--resume", "hello"], 2, "say which: --output=FILE"),
        (["predict.py", "--nbst=2", "hello"], 2, "no flag '--nbst': did you mean --nbest? All are"),
        (["-m", "g2p_jax", "predcit"], 2, "no command 'predcit': did you mean predict? All are"),
        (
            ["train.py", "--config=configs/grru.py"],
            2,
            "did you mean gru? All are",
        ),
        (["train.py", "--config", "configs/seq.py"], 2, "no config 'configs/seq.py'"),
        (
            ["train.py", "--config.model.hiden=3"],
            2,
            "no setting '--config.model.hiden': did you mean --config.model.hidden? "
            "All are listed in train.py --help",
        ),
        (["train.py", "--config.model.hidden=a"], 2, "hidden=a: expected a whole number"),
        (
            ["train.py", "--config=configs/gru.py:huge"],
            2,
            "gru.py:huge: gru has the sizes base and tiny",
        ),
        (["train.py", "--config.model.cell=gruu"], 2, "config.model.cell is 'gruu'"),
        (["train.py", "--config.data.train=no.txt"], 1, "no.txt: expected a readable file"),
        (["train.py", "hello"], 2, "takes flags only"),
        (["-m", "g2p_jax", "evaluate", "--data=README.md"], 2, "which model?"),
        (["-m", "g2p_jax", "calibrate", "--ckpt=no"], 1, "no: no trained model here"),
        (["-m", "g2p_jax", "evaluate", "--ckpt=english-small"], 1, "not here (train.txt: expected"),
        (["predict.py", "--report=/dev/stdout", "hello"], 2, "/dev/stdout: name a file"),
        (
            ["predict.py", "--output=a.JSON", "hello"],
            2,
            "lines only: call it .jsonl, or name",
        ),
        (["predict.py", "--output=a.tsv.gz", "hello"], 2, "a text is written: leave out .gz"),
        (["predict.py", "--output=/dev/full", "hello"], 1, "/dev/full: No space left on device"),
        (["predict.py", "--output=-", "--resume", "hello"], 2, "say which: --output=FILE"),
        (["-m", "g2p_jax", "restress", "a", "--output=-"], 2, "--output=-: name a file"),
        (["-m", "g2p_jax", "demo", "--output=docs/"], 2, "docs/: is a folder: name a file in it"),
        (["-m", "g2p_jax", "demo", "--output=q.html", "--port=3"], 2, "leave out --port"),
        (["-m", "g2p_jax", "evaluate", "--errors=no/a"], 2, "--errors=no/a: no such folder; make"),
        (["predict.py", "hello", "--output=no/a"], 2, "--output=no/a: no such folder; make it"),
        (["-m", "g2p_jax", "train", "--workdir=README.md"], 2, "is a file: name a folder"),
        (["-m", "g2p_jax", "join", "a", "--output=-"], 2, "--output=-: name a folder"),
        (["predict.py", "--report=a", "--output=./a", "hello"], 2, "name the same file"),
        (["predict.py", "--report=README.md", "--input=README.md"], 2, "name the same file"),
        (["predict.py", "--output=README.md", "--lexicon=README.md", "hello"], 2, "same file"),
        (
            ["predict.py", "--ckpt=x", "--align", "--output=a.csv"],
            2,
            "given with --format=submission",
        ),
        (
            ["predict.py", "--format=kaldi", "--align", "a"],
            2,
            "cannot be given with --format=kaldi",
        ),
        (["predict.py", "--merge=README.md", "--format=csv"], 2, "cannot be given with --merge"),
        (["predict.py", "--nbest=abc"], 2, "--nbest=abc: expected a whole number from 1 to 1000"),
        (["predict.py", "--mass=0", "a"], 2, "mass is 0.0: must be more than 0"),
        (["predict.py", "--mass=x", "a"], 2, "--mass=x: expected a number from 0 to 1"),
        (["predict.py", "--text=maybe"], 2, "--text=maybe: expected true or false"),
        (["predict.py", "--lexicon=none,cmudict", "a"], 2, "none excludes the others"),
        (["predict.py", "--lexicon=a", "--lexicon", "b"], 2, "is given twice: give it once, with"),
        (["predict.py", "--text", "--notext", "a"], 2, "--text is given twice: give it once"),
        (["train.py", "--config=gru", "--config=seq2seq"], 2, "--config is given twice"),
        (["predict.py", "-foo"], 2, "a word comes after --: predict.py -- -foo"),
        (["predict.py", "--format=x"], 2, "expected one of tsv, submission, wikipron"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, status, message, command, tmp_path):
    if arguments[0] == "train.py":
        arguments = [*arguments, f"--workdir={tmp_path / 'run'}"]
    lines = command(*arguments, status=status).stderr.splitlines()
    stderr, *_ = errors = [line for line in lines if not re.match(r"\d\d:\d\d:\d\d ", line)]
    assert message in stderr and len(errors) == 1
    program = arguments[0] if arguments[0] != "-m" else "g2p-jax"
    assert stderr.startswith(program)


def test_the_list_of_commands(command, tmp_path):
    assert command("-m", "g2p_jax").stdout == command("-m", "g2p_jax", "--help").stdout
    listed = command("-m", "g2p_jax", "-h").stdout
    files = {path.stem for path in (ROOT / "g2p_jax" / "commands").glob("*.py")}
    assert set(NAMES) == files - {"__init__", "config_files", "run", "shared"}
    assert all(re.search(rf"^  {name} +[a-z]", listed, re.M) for name in NAMES)
    assert command("-m", "g2p_jax", "--version").stdout == f"{g2p_jax.__version__}\n"
    here = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    train = [sys.executable, "-m", "g2p_jax", "train", "--config=gruu"]
    done = subprocess.run(train, **here, capture_output=True, text=True)
    assert done.returncode == 2 and "no config 'gruu': did you mean gru?" in done.stderr
    assert command("train.py", "--version").stdout == f"{g2p_jax.__version__}\n"
    pipe = f"{sys.executable} predict.py --help | head -1"
    done = subprocess.run(pipe, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("Pronounces words.\n", "")


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_shows_examples_and_its_own_flags(name, command, tmp_path):
    shown = command("-m", "g2p_jax", name, "--help", "--nonsense").stdout
    first, examples, *_ = shown.split("\n\n")
    assert first.endswith(".") and "\n" not in first
    assert examples.count(f"\n  g2p-jax {name} ") == 2 and examples.startswith(f"  g2p-jax {name}")
    flags = re.findall(r"^  --(\S+): ", shown, re.M)
    assert flags and "verbosity" not in shown and "logtostderr" not in shown
    assert ("config" in flags) == ("config.model.hidden" in flags) == (name in WITH_CONFIG)
    assert shown == command("-m", "g2p_jax", name, "-h").stdout


def test_bad_lines_of_a_lexicon_are_left_out_where_that_is_asked_for(command, tmp_path, trained):
    """The error names the flag of the command; - and _ in its name are the same."""
    bad, right = tmp_path / "bad.txt", tmp_path / "right.tsv"
    bad.write_text("cab  K AE B\nworse\nbad\nface  F EY S\n")
    right.write_text("cab\tK AE B\n")
    g2p_jax, ckpt = ("-m", "g2p_jax"), f"--ckpt={trained}"
    lexicon = "predict.py", ckpt, "cab", f"--lexicon={bad}"
    stderr = command(*lexicon, status=1).stderr
    assert f"{bad}:2: expected" in stderr and stderr.endswith(
        "; --skip_bad_lines leaves them out\n"
    )
    for flags in (("--skip_bad_lines",), ("--skip-bad-lines", "--lexicon-format=cmudict")):
        assert command(*lexicon, *flags).stdout == "cab\tK AE B\tlexicon\n"
    stderr = command(*lexicon, "--lexicon-format=csv", "--skip-bad-lines", status=1).stderr
    assert "'word,P H O N'" in stderr
    train = train_arguments(bad, tmp_path / "run")
    stderr = command(*train, status=1).stderr
    assert "--config.data.skip_bad_lines=True leaves them out" in stderr
    output = f"--output={tmp_path / 'stressed.txt'}"
    for arguments in (
        ("evaluate", ckpt, f"--data={bad}", f"--errors={tmp_path / 'errors.tsv'}"),
        ("compare", right, right, f"--references={bad}", f"--differences={tmp_path / 'd.tsv'}"),
        ("restress", bad, output),
    ):
        stderr = command(*g2p_jax, *arguments, status=1).stderr
        assert stderr.endswith("; --skip_bad_lines leaves them out\n")
        command(*g2p_jax, *arguments, "--skip-bad-lines", "--format=cmudict")


def test_the_home_folder_is_written_as_usual_in_every_flag(tmp_path, trained, cache):
    shutil.copy(trained / "model.safetensors", tmp_path / "model.safetensors")
    (tmp_path / "words.txt").write_text("hello\n")
    paths = "--ckpt=~/model.safetensors", "--input=~/words.txt", "--output=~/out.tsv"
    for arguments in (paths, [part for path in paths for part in path.split("=")]):
        subprocess.run(
            [sys.executable, "predict.py", *arguments],
            cwd=ROOT, env=environment(cache) | {"HOME": str(tmp_path)}, check=True,
        )  # fmt: skip
        assert (tmp_path / "out.tsv").read_text().startswith("hello\t")
        (tmp_path / "out.tsv").unlink()
    assert normal("--config.data.skip-bad-lines=a-b=~/c") == "--config.data.skip_bad_lines=a-b=~/c"
    assert normal("~x") == "~x" and normal("well-known") == "well-known"
    assert normal("--") == "--" and before_words(["--a", "b", "--", "--c"]) == ["--a", "b"]


@pytest.mark.parametrize("name", ["train", "predict"])
def test_a_script_is_its_command(name, command):
    assert command(f"{name}.py", "--help").stdout == command("-m", "g2p_jax", name, "-h").stdout


def test_a_bad_line_is_named_and_the_old_output_stays(trained, command, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("GOOD G_UH_D\nBAD\n")
    stderr = command(*train_arguments(bad, tmp_path / "run"), status=1).stderr
    assert f"{bad}:2: expected" in stderr
    output, words = tmp_path / "out.tsv", tmp_path / "words.txt"
    output.write_text("precious\n")
    words.write_text("hello\n😀\n")
    command(
        "predict.py", f"--ckpt={trained}", "--strict", f"--input={words}", f"--output={output}",
        status=1,
    )  # fmt: skip
    assert output.read_text() == "precious\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "bad.txt", "out.tsv", "words.txt",
    ]  # fmt: skip


def test_a_damaged_latest_checkpoint_is_reported_and_training_goes_on(
    trained, lexicon, command, tmp_path
):
    folder = tmp_path / "damaged"
    shutil.copytree(trained, folder)
    steps = sorted(int(path.name) for path in (folder / "checkpoints").iterdir())
    for file in (folder / "checkpoints" / str(steps[-1]) / "state").rglob("d/*"):
        file.write_bytes(file.read_bytes()[::-1])
    stderr = command(*train_arguments(lexicon, folder)).stderr
    assert f"checkpoint {steps[-1]} is damaged" in stderr and "continuing" in stderr
    whole, again = (path / "model.safetensors" for path in (trained, folder))
    assert whole.read_bytes() == again.read_bytes()
