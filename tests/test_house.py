"""The house rules: who may import whom, and that every config is valid and honest."""

import ast
import importlib.util
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.commands import config_files
from g2p_jax.errors import ConfigError, UserError
from g2p_jax.predict import model_file

ROOT = Path(__file__).parents[1]
# A room imports only rooms to the right of it, and the files beside them. (No arrow is checked
# within functions, where commands import what takes long.)
ROOMS = "commands train text predict search joint network kernels devices data".split()


def test_a_room_imports_only_rooms_below_it():
    for number, room in enumerate(ROOMS):
        forbidden = {f"g2p_jax.{above}" for above in ROOMS[:number]}
        forbidden |= {"jax", "flax", "optax"} if room == "data" else set()
        for path in (ROOT / "g2p_jax" / room).glob("*.py"):
            for node in ast.parse(path.read_text()).body:
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [f"{node.module}.{a.name}" for a in node.names]
                bad = [n for n in names if any(f"{n}.".startswith(f"{f}.") for f in forbidden)]
                assert not bad, f"{path} imports {bad}"


def test_files_functions_and_classes_are_short():
    library = ROOT / "g2p_jax"
    rooms = [path for path in library.iterdir() if path.name != "__pycache__"]
    assert len(rooms) <= 20
    for path in library.rglob("*.py"):
        text = path.read_text()
        # The runtime is to be copied out of the project, so it cannot be cut into several files.
        assert len(text.splitlines()) <= (680 if path.name == "runtime.py" else 300), path
        for node in ast.walk(ast.parse(text)):
            most = {ast.FunctionDef: 60, ast.ClassDef: 200}.get(type(node), math.inf)
            lines = getattr(node, "end_lineno", 0) - getattr(node, "lineno", 0) + 1
            assert lines <= most, f"{path}: {node.name} has {lines} lines"


def test_names_and_docstrings_are_those_of_the_field():
    dialect = (
        r"\b(Asked|Heard|looker|look_at|beliefs?|disbelief|wishes|hearing|to_say|said|spoken)\b"
    )
    for path in (ROOT / "g2p_jax").rglob("*.py"):
        text = path.read_text()
        found = re.search(dialect + r'|"""(Of|Those|What is|That of)\b', text)
        assert not found, f"{path}: {found[0]}"


def test_the_message_of_an_error_is_one_line_and_safe_for_a_terminal():
    error = UserError("caf\u00e9\n\x1b[2J\u2028\ufeff: no\tword")
    assert str(error) == r"café\n\x1b[2J\u2028\ufeff: no\tword"


def test_data_tools_and_help_do_not_wait_for_jax():
    code = (
        "import sys, g2p_jax.data.splits, g2p_jax.commands.run\n"
        "from g2p_jax import UserError, read_lexicon, score\n"
        "print('jax' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "False\n"


def test_public_names():
    names = "load G2P LanguageModel Answer Pronunciation read_lexicon score UserError"
    assert sorted(g2p_jax.__all__) == sorted(names.split()) == dir(g2p_jax)
    for name in g2p_jax.__all__:
        assert getattr(g2p_jax, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = g2p_jax.nothing


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONFIGS = sorted(set((ROOT / "configs").glob("*.py")) - {ROOT / "configs" / "sizes.py"})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_configs_are_valid_in_all_sizes_and_say_what_they_reach(path):
    module = load(path)
    for size in ("base", "tiny"):
        made = config.validate(module.get_config(size))
        assert config.from_dict(config.to_dict(made)) == made
    assert f"python train.py --config=configs/{path.name}" in module.__doc__
    assert re.search(r"\d+ min", module.__doc__), "how long it takes"
    score = r"dev (WER|loss|perplexity|bits per character)[^.]*\s\d+\.\d+"
    assert re.search(score, module.__doc__), "what it reaches"
    with pytest.raises(ValueError, match="huge"):
        module.get_config("huge")


@pytest.mark.parametrize("name", ["english", "english-small"])
def test_a_shipped_model_is_made_by_its_config(name):
    made = load(ROOT / "configs" / f"{name.replace('-', '_')}.py").get_config()
    assert config.validate(made) == model_file.read(name).config


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("model.cell", "gruu", "one of elman, lstm, gru, gru_before"),
        ("model.hidden", 0, r"in \[1, 65536\]"),
        ("model.decoder_dropout", 1.0, r"in \[0, 1\)"),
        ("train.learning_rate", -1.0, r"in \(0, inf\)"),
        ("train.learning_rate", math.nan, r"in \(0, inf\)"),
        ("train.average", 1.0, r"in \[0, 1\)"),
        ("train.teacher_forcing", 1.5, r"in \[0, 1\]"),
        ("model.start", "copy", "'bridge' or 'zeros', unless as many"),
        (
            "data.format",
            "xml",
            "one of auto, contest, tsv, cmudict, kaldi, mfa, sphinx, csv, jsonl",
        ),
        ("train.seed", -1, r"in \[0, 4294967295\]"),
        ("train.epochs", 10**20, r"in \[1, 1e5\]"),
    ],
)
def test_a_setting_that_cannot_be_is_named(setting, value, message):
    settings = config.Config()
    section, field = setting.split(".")
    setattr(getattr(settings, section), field, value)
    with pytest.raises(ConfigError, match=f"config.{setting} is {value!r}: must be {message}"):
        config.validate(settings)


def test_settings_that_exclude_each_other_are_named():
    settings = config.Config()
    settings.model.encoder_layers, settings.model.attention = 0, "none"
    with pytest.raises(ConfigError, match="config.model.start is 'bridge': must be 'zeros' in a"):
        config.validate(settings)
    settings = config.Config(ensemble=2)
    settings.train.teacher = "runs/a"
    with pytest.raises(ConfigError, match="config.ensemble is 2: must be 1 for a student"):
        config.validate(settings)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": {"heads": 8}}, "config.model.heads is not a setting of this version"),
        ({"heads": 8}, "config.heads is not a setting of this version"),
        ({"model": {"hidden": "8"}}, "config.model.hidden is '8': must be of type int"),
        ({"train": {"watch": {}}}, r"config.train.watch is {}: must be of type tuple\[str, ...\]"),
        ({"train": {"clip": [1]}}, r"config.train.clip is \[1\]: must be of type float"),
        ({"data": []}, r"config.data is \[\]: must be of type g2p_jax.config.Data"),
        ([], r"config is \[\]: must be of type g2p_jax.config.Config"),
        ({"model": {"hidden": 0}}, r"config.model.hidden is 0: must be in \[1, 65536\]"),
    ],
)
def test_values_that_are_no_config_of_this_version_are_named(values, message):
    with pytest.raises(ConfigError, match=message):
        config.from_dict(values)


def test_every_setting_is_explained_in_a_sentence():
    for name, field, _ in config.settings(config.Config()):
        help = field.metadata["help"]
        assert re.fullmatch(r"[A-Z\d].{10,}\.", help), f"{name}: {help!r}"


def test_options_of_a_config_by_hand():
    chosen = config.options("tiny,cell=gru,minus=true", size="base", cell="lstm", minus=False, n=2)
    assert chosen == {"size": "tiny", "cell": "gru", "minus": True, "n": 2}
    assert config.options("minus=0,n=3", minus=True, n=2) == {"minus": False, "n": 3}
    for wrong in ("minus=x", "n=x", "m=1"):
        with pytest.raises(ValueError, match=wrong[0]):
            config.options(wrong, minus=True, n=2)


def test_a_config_is_found_by_its_name_or_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ours = str(ROOT / "configs" / "english_small.py")
    for name in ("english_small", "english-small", "configs/english_small.py"):
        assert config_files.locate(f"{name}:tiny") == f"{ours}:tiny"
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "gru.py").write_text("")
    assert config_files.locate("gru") == "configs/gru.py"  # the user's own goes first
    for wrong in ("gruu", "mine.py", "configs"):
        with pytest.raises(UserError, match=f"no config '{wrong}'"):
            config_files.locate(wrong)
    listed = [line.split()[0] for line in config_files.described()]
    assert listed == config_files.names() == sorted(path.stem for path in CONFIGS)
