"""Commands in the documentation run, links lead somewhere, and the tour names code that exists."""

import ast
import functools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import Forked

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = [ROOT / page for page in "README.md docs/recipes.md docs/formats.md docs/faq.md".split()]

# What a test changes in a command: it installs nothing, uses no installed console command, and what
# trains does so on little data, with a small network.
INSTEAD = {
    r"pip install -r (\S+)": r"test -f \1",
    r"pip install \.": "true",
    r"(?<=&& )pytest": "true",
    r"\bg2p-jax (?=\w)": "python -m g2p_jax ",
    # What is trained for seconds has no right answer, and no temperature.
    r"calibrate --ckpt=runs/mine": "calibrate --ckpt=english-small --data=dev.txt --output=cal",
}
TRAIN = r"(train\.py|g2p_jax train)"
SMALLER = {
    TRAIN: " --config.data.limit=300 --config.train.epochs=1 --config.train.buckets=1"
    " --config.train.batch_size=32",
    TRAIN + "(?!.*finetune)": " --config.model.hidden=16 --config.model.embedding=16"
    " --config.model.decoder_layers=1",
    TRAIN + "(?!.*(finetune|phoneme_lm|char_rnn))": " --config.model.encoder_layers=1",
    TRAIN + "(?!.*(ngram|world))": " --config.ngram=0",  # whose programs depend on the symbols
}
ELSEWHERE = "# needs "  # the comment on a command that a test machine cannot run


FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced code blocks of a page that are in one of the languages ("": none is named)."""
    found = FENCED.findall(path.read_text())
    return [code for language, code in found if language in languages]


def commands(path: Path) -> list[str]:
    """All commands of a page: the lines of its shell blocks, and those within its sentences."""
    shell = "".join(blocks(path, "sh", "")).replace("\\\n", " ")
    lines = [line for line in shell.splitlines() if re.search(r"python|g2p-jax|pip", line)]
    return lines + re.findall(r"`(python [^`]* --[^`]*)`", FENCED.sub("", path.read_text()))


COMMANDS = dict.fromkeys(command for path in RUN for command in commands(path))


@pytest.fixture(scope="module")
def environment(cache) -> dict[str, str]:
    """Of the commands."""
    own = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }
    return os.environ | own


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder like the project's, with small files of the names that the pages use."""
    from g2p_jax.data.lexicon import read_lexicon

    folder = tmp_path_factory.mktemp("docs")
    for name in "g2p_jax configs train.py predict.py requirements.txt requirements-dev.txt".split():
        (folder / name).symlink_to(ROOT / name)
    (folder / "runtime.py").symlink_to(ROOT / "g2p_jax" / "runtime.py")
    for name, model in ("model", "english-small"), ("world", "world"):
        pretrained = ROOT / "g2p_jax" / "pretrained" / model
        (folder / f"{name}.safetensors").symlink_to(pretrained / "model.safetensors")
    # Of one length and without rare letters, so that many trainings need the same programs.
    alike = re.compile("[a-ik-pr-uwy]{6}").fullmatch
    short = [pair for pair in read_lexicon("cmudict", stress=False) if alike(pair.word)]
    pairs = {name: short[::50] for name in ("lexicon", "train", "dev", "test")}
    for name, some in pairs.items():
        lines = [" ".join([word, *map("_".join, spoken)]) + "\n" for word, spoken in some]
        (folder / f"{name}.txt").write_text("".join(lines))
    tsv = [f"{word}\t{' '.join(spoken[0])}\n" for word, spoken in pairs["lexicon"]]
    (folder / "lexicon.tsv").write_text("".join(tsv))
    for data in "DATA", "sigmorphon_2020":
        (folder / data).mkdir()
        for side in "train", "dev":
            (folder / data / f"fre_{side}.tsv").write_text("".join(tsv))
    (folder / "LEXICONS").mkdir()
    for language in "deu", "fra":
        (folder / "LEXICONS" / f"{language}.tsv").write_text("".join(tsv))
    symbols = "bdfhjklmnpstvwzɡŋɹʃʒðθʤʧəiuɑɔɛɜɪʊʌAIWYæOˈˌ"  # of Kokoro
    tokens = "".join(f"{symbol} {number}\n" for number, symbol in enumerate(symbols))
    (folder / "tokens.txt").write_text(tokens)
    (folder / "words.txt").write_text("hello\nworld\nthrough\nnight\n")
    (folder / "any.txt").write_text("The quick brown fox jumps over the lazy dog.\n" * 100)
    numbers = "one two three four five six seven eight nine ten".split()
    sentences = (f"{a} and {b}\t{b} und {a}\n" for a in numbers for b in numbers)
    (folder / "sentences.tsv").write_text("".join(sentences))
    word, spoken = pairs["test"][0]
    (folder / "test.csv").write_text(f"Id,Word\n1,{word}\n")
    for name, answer in ("a", spoken[0]), ("b", ("T",)):
        (folder / f"{name}.csv").write_text(f"Id,Transcription\n1,{'_'.join(answer)}\n")
        (folder / f"{name}.tsv").write_text(f"{word}\t{' '.join(answer)}\n")
        (folder / "runs").mkdir(exist_ok=True)
        (folder / "runs" / name).symlink_to("mine")  # which the first recipe trains
    return folder


@pytest.fixture(scope="module")
def shell(folder, environment):
    """A function that gives the standard output of a command, which must end with status 0."""
    server = Forked(environment)
    yield functools.partial(output_of, folder=folder, environment=environment, server=server)
    server.close()


def output_of(command: str, folder: Path, environment: dict[str, str], server: Forked) -> str:
    if command.startswith("python ") and not set(command) & set("|&;<>$\n"):
        done = server.run(shlex.split(command)[1:], folder)
    else:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return done.stdout


def here(command: str) -> str:
    """What the test runs in place of a command."""
    for pattern, replacement in INSTEAD.items():
        command = re.sub(pattern, replacement, command)
    return command


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, shell):
    """In the order of the pages: what one command writes, another may read."""
    command, _, comment = command.partition("  #")
    command = here(command)
    if f"#{comment}".startswith(ELSEWHERE):
        text = shell(command + " --help")
        for flag in re.findall(r"--(?!config\.)(\w+)", command):
            assert re.search(rf"--(\[no\])?{flag}:", text)
        return
    for program, flags in SMALLER.items():
        command += flags * bool(re.search(program, command))
    shell(command)


SESSIONS = [
    session
    for path in RUN
    for block in blocks(path, "console")
    for session in re.split(r"(?m)^(?=\$ )", block)[1:]
]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_prints_what_the_page_shows(session, shell):
    command, *output = session.removeprefix("$ ").splitlines(keepends=True)
    assert shell(here(command)) == "".join(output)


PAGES_OF_PYTHON = [*RUN, ROOT / "docs" / "runtime.md"]
PYTHON = [block for path in PAGES_OF_PYTHON for block in blocks(path, "python")]


@pytest.mark.parametrize("code", PYTHON)
def test_python_code_gives_what_its_comments_say(code, shell):
    """A comment that is a literal is the value of its line."""
    literal = r"^(\S.*\)|[\w.]+|.* > .*|\[.*\])  # ('.*'|True|False|\[.*\])$"
    checked = re.sub(literal, r"assert (\1) == \2, \1", code, flags=re.M)
    assert checked != code
    shell(f"python - <<'END'\n{checked}\nEND")


@pytest.mark.parametrize("quote", blocks(ROOT / "docs" / "lecture.md", "python"))
def test_the_lecture_quotes_the_code_as_it_is(quote):
    """The lines of a quote follow each other in one file, or are apart where it has "..."."""
    parts = [part.strip().splitlines() for part in quote.split("...\n")]
    wanted = ["\n".join(line.strip() for line in part) for part in parts]
    files = (ROOT / "g2p_jax").rglob("*.py")
    texts = ("\n".join(line.strip() for line in path.read_text().splitlines()) for path in files)
    assert any(re.search(".*".join(map(re.escape, wanted)), text, re.S) for text in texts)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", page.read_text())):
        if not link.startswith("http"):
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def names(path: Path) -> set[str]:
    """The functions and classes of a module, and methods as Class.method."""
    kinds = ast.FunctionDef, ast.ClassDef
    top = [node for node in ast.parse(path.read_text()).body if isinstance(node, kinds)]
    inside = {f"{c.name}.{m.name}" for c in top for m in c.body if isinstance(m, kinds)}
    return {node.name for node in top} | inside


TOUR = ROOT / "docs" / "tour.md"


def test_the_tour_has_ten_stops_and_names_code_that_exists():
    link = re.compile(r"\[`((?!\w+\.py`)[\w.]+)`\]\((\S+\.py)\)")
    stops = re.split(r"^\d+\. ", TOUR.read_text(), flags=re.M)[1:]
    assert len(stops) == 10 and all(map(link.search, stops))
    for name, file in link.findall(TOUR.read_text()):
        assert name in names(TOUR.parent / file), f"{file} has no {name}"


def test_the_readme_is_short_and_has_the_line_that_ci_runs():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 150
    assert "pip install -r requirements-dev.txt && pytest" in lines
