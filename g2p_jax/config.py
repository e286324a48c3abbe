"""Every setting, with its default, its meaning and the values it may have.

A config file returns a changed `Config`; see `configs/`. `--config.model.hidden=512` on the command
line changes one setting. The resolved config is stored with the model, so a checkpoint needs
nothing else to be understood.
"""

import dataclasses
import inspect
import operator
from collections.abc import Iterator
from typing import Any, get_origin

from g2p_jax.errors import ConfigError

FORMATS = ("contest", "tsv", "cmudict", "kaldi", "mfa", "sphinx", "csv", "jsonl")
SOURCES = ("characters", "words", "language")
TARGETS = ("words", "characters", "ipa")
CELLS = ("elman", "lstm", "gru", "gru_before")
DIRECTIONS = ("concatenate", "sum", "backward")
ATTENTIONS = ("dot", "additive", "additive_relu", "monotonic", "none")
MOST_BEAM = 1000  # hypotheses of a word, and pronunciations of an answer
TEACHER_WEIGHT = 0.5  # share of the loss that is the teacher's, where there is one
TRUTH = {"true": True, "1": True, "false": False, "0": False}


def setting(default: Any, help: str, valid: str | tuple[str, ...] = ()) -> Any:
    """A field of a config: default, meaning, and valid values as choices or as an interval."""
    return dataclasses.field(default=default, metadata={"help": help, "valid": valid})


@dataclasses.dataclass
class Data:
    """What to train on."""

    train: str = setting(
        "cmudict",
        'Lexicon file, "cmudict", or a folder of one for each language; made up: "sums:", '
        '"numbers:"; a text: "python".',
    )
    dev: str = setting("", "Lexicon file that the best epoch is chosen on; none: part of train.")
    test: str = setting("", "Lexicon file for a final evaluation; none: part of train.")
    extra: str = setting("", "Lexicon file of more training words, pronounced by a teacher.")
    dev_share: float = setting(
        0.02, "Share of the words of train that is held out as dev.", "[0, 1)"
    )
    test_share: float = setting(
        0.05, "Share of the words of train that is held out as test.", "[0, 1)"
    )
    format: str = setting("auto", "Format of the lexicon files.", ("auto", *FORMATS, "text"))
    skip_bad_lines: bool = setting(False, "Leave out lines that cannot be read.")
    source: str = setting(
        "characters", "Tokens of a source; language: its name, then characters.", SOURCES
    )
    target: str = setting(
        "words", "Tokens of a target; words: phonemes; ipa: phones, cut by the program.", TARGETS
    )
    direction: str = setting(
        "g2p", "What is learned; p2g: spellings of phonemes, which are words.", ("g2p", "p2g")
    )
    longest: int = setting(
        32, "Most tokens of a source; a longer one is answered in pieces.", "[1, 65536]"
    )
    chunk: int = setting(128, "Characters of a text in one training step.", "[1, 1e9]")
    spelling: bool = setting(False, "A language model learns spellings, not pronunciations.")
    stress: bool = setting(False, "Keep the stress digits of ARPAbet vowels: AH0, not AH.")
    unicode: str = setting("NFC", "Unicode normal form; NFD splits off accents.", ("NFC", "NFD"))
    limit: int = setting(0, "Most training words, to try something out; 0: all.", "[0, 1e9]")

    @property
    def tokens(self) -> tuple[str, str]:
        """Tokens of sources and of targets: a spelling is characters, phonemes are words."""
        return ("words", "characters") if self.direction == "p2g" else (self.source, self.target)


@dataclasses.dataclass(unsafe_hash=True)  # a static argument of jit: not changed after validation
class Model:
    """The network; see `g2p_jax/network/`."""

    cell: str = setting("gru", "Recurrent cell.", CELLS)
    embedding: int = setting(128, "Width of the embedding of a token.", "[1, 65536]")
    hidden: int = setting(256, "Units of an encoder direction or a decoder layer.", "[1, 65536]")
    encoder_layers: int = setting(2, "Layers of the encoder; 0: a language model.", "[0, 100]")
    decoder_layers: int = setting(2, "Layers of the decoder.", "[1, 100]")
    directions: str = setting(
        "concatenate",
        "How the encoder's directions are combined; backward: one.",
        DIRECTIONS,
    )
    attention: str = setting("dot", "Attention of the decoder.", ATTENTIONS)
    input_feeding: bool = setting(
        False, "The first decoder layer reads the context (Bahdanau), not those above it (Luong)."
    )
    start: str = setting(
        "bridge",
        "First decoder state: mapped from the encoder's last, copied, or zeros.",
        ("bridge", "copy", "zeros"),
    )
    readout: int = setting(256, "Tanh units before the softmax; 0: none.", "[0, 65536]")
    encoder_dropout: float = setting(0.2, "Dropout after each encoder layer.", "[0, 1)")
    decoder_dropout: float = setting(0.2, "Dropout after each decoder layer.", "[0, 1)")
    embedding_dropout: float = setting(0.0, "Dropout after each embedding.", "[0, 1)")
    init_normal: float = setting(
        0.0, "Standard deviation of initial weights; 0: by layer.", "[0, inf)"
    )


@dataclasses.dataclass
class Train:
    """How to train."""

    epochs: int = setting(14, "Passes over the training words.", "[1, 1e5]")
    batch_size: int = setting(128, "Pronunciations in a step, over all devices.", "[1, 1e6]")
    buckets: int = setting(6, "Batch shapes, each compiled once.", "[1, 1000]")
    optimizer: str = setting("adamw", "Algorithm of the weight updates.", ("rmsprop", "adamw"))
    learning_rate: float = setting(2e-3, "Highest learning rate.", "(0, inf)")
    schedule: str = setting("linear", "Learning rate after the warm-up.", ("constant", "linear"))
    warmup_steps: int = setting(
        500, "Steps in which the learning rate rises; at most a tenth of the run.", "[0, 1e9]"
    )
    final_rate: float = setting(0.0, "Share of the learning rate left at the end.", "[0, 1]")
    clip: float = setting(1.0, "Largest norm of the gradient; 0: no clipping.", "[0, inf)")
    average: float = setting(
        0.0, "Decay of the averaged weights per step; 0: no average.", "[0, 1)"
    )
    label_smoothing: float = setting(0.1, "Probability that is spread over all phonemes.", "[0, 1]")
    init: str = setting("", "Model whose weights training begins with; none: random weights.")
    teacher: str = setting("", "Model whose probabilities are learned together with the labels.")
    teacher_forcing: float = setting(
        1.0, "Share of decoder steps that read the reference.", "[0, 1]"
    )
    seed: int = setting(0, "Seed of everything that is random in training.", "[0, 4294967295]")
    dtype: str = setting(
        "auto", "Operands of matrix products; auto: the faster.", ("auto", "float32", "bfloat16")
    )
    log_every: int = setting(100, "Steps between two log lines.", "[1, 1e9]")
    checkpoint_every: int = setting(60, "Seconds between two checkpoints.", "[1, 1e9]")
    watch: tuple[str, ...] = setting(
        ("hello", "through", "colonel", "phoneme", "xylophone"),
        "Words that are pronounced after every epoch; none: the first of dev.",
    )


@dataclasses.dataclass
class Config:
    """All settings of a run, and of the model that it makes."""

    name: str = setting("gru", "Name of the run, which is written to runs/NAME.")
    data: Data = dataclasses.field(default_factory=Data)
    model: Model = dataclasses.field(default_factory=Model)
    train: Train = dataclasses.field(default_factory=Train)
    ensemble: int = setting(1, "Members that are trained and answer together.", "[1, 1000]")
    ngram: int = setting(0, "Order of the joint n-gram model; 0: none.", "[0, 16]")
    temperature: float = setting(1.0, "Temperature of the probabilities.", "[1e-3, 1e3]")
    beam: int = setting(0, "Beam width; 0: 4 with a joint n-gram model, else 1.", "[0, 1000]")
    stress: bool = setting(True, "Answers keep the stress that was learned (data.stress).")

    @property
    def reference_data(self) -> Data:
        """The settings for reading the references that answers are compared with."""
        return dataclasses.replace(self.data, stress=self.data.stress and self.stress)


def settings(config: Any, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field, Any]]:
    """Name, field and value of every setting: ("model.hidden", Field(...), 256)."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from settings(value, f"{field.name}.")
        else:
            yield prefix + field.name, field, value


def validate(config: Config) -> Config:
    """Returns the config; raises ConfigError for the first setting that is not valid."""

    def check(condition: bool, name: str, wanted: str) -> None:
        if not condition:
            value = operator.attrgetter(name)(config)
            raise ConfigError(f"config.{name} is {value!r}: must be {wanted}")

    for name, field, value in settings(config):
        valid = field.metadata["valid"]
        if isinstance(valid, str):
            check(_inside(value, valid), name, f"in {valid}")
        else:
            check(not valid or value in valid, name, "one of " + ", ".join(valid))
    model = config.model
    language_model, text = model.encoder_layers == 0, config.data.format == "text"
    no_context = model.attention in ("none", "monotonic")
    in_language_model = "in a language model (config.model.encoder_layers=0)"
    for applies, name, only, where in (
        (language_model, "model.attention", "none", in_language_model),
        (language_model, "model.start", "zeros", in_language_model),
        (language_model, "train.teacher", "", in_language_model),
        (language_model, "train.teacher_forcing", 1, in_language_model),
        (language_model, "ensemble", 1, in_language_model),
        (language_model, "ngram", 0, in_language_model),
        (text, "model.encoder_layers", 0, "for a text"),
        (text, "data.extra", "", "for a text"),
        (text, "data.direction", "g2p", "for a text"),
        (config.data.direction == "p2g", "data.source", "characters", "with phonemes as sources"),
        (config.data.direction == "p2g", "data.target", "words", "with spellings as targets"),
        (not language_model, "data.spelling", False, f"except {in_language_model}"),
        (no_context, "model.input_feeding", False, f"where attention is {model.attention!r}"),
        (config.train.teacher != "", "ensemble", 1, "for a student (config.train.teacher)"),
    ):
        check(not applies or operator.attrgetter(name)(config) == only, name, f"{only!r} {where}")
    copies = model.encoder_layers == model.decoder_layers and model.directions == "backward"
    wanted = "'bridge' or 'zeros', unless as many encoder as decoder layers read backward only"
    check(model.start != "copy" or copies, "model.start", wanted)
    return config


def _inside(value: float, interval: str) -> bool:
    """Whether a number is in an interval such as "[0, 1)" or "(0, inf)"."""
    least, most = map(float, interval[1:-1].split(","))
    inside = least < value < most
    return (
        inside or (value == least and interval[0] == "[") or (value == most and interval[-1] == "]")
    )


def options(text: str, **defaults: Any) -> dict[str, Any]:
    """The options after the colon of --config=FILE.py:cell=gru,digits=3, and the other defaults.

    A word without "=" is the option `size`. Raises ValueError for an unknown option.
    """
    chosen = dict(defaults)
    for option in filter(None, text.split(",")):
        key, _, value = option.rpartition("=") if "=" in option else ("size", "", option)
        if key not in defaults:
            raise ValueError(f"no option {key!r}: there are {', '.join(defaults)}")
        kind = type(defaults[key])
        try:
            chosen[key] = TRUTH[value] if kind is bool else kind(value)
        except (ValueError, KeyError):
            message = f"the option {key} is {value!r}: must be of type {kind.__name__}"
            raise ValueError(message) from None
    return chosen


ANSWERING = "train", "temperature", "beam", "stress"  # what weights do not depend on


def changed(config: Config, settings: dict[str, Any]) -> Config:
    """Returns the config with other values of settings in ANSWERING; raises ConfigError."""
    fields = {x.name: x for x in dataclasses.fields(Config) if x.name in ANSWERING}
    for name, value in settings.items():
        if name not in fields:
            raise ConfigError(f"no setting {name!r}: there are {', '.join(fields)}")
        _build(fields[name].type, value, f"config.{name}")
        valid = fields[name].metadata.get("valid", ())
        if isinstance(valid, str) and not _inside(value, valid):
            raise ConfigError(f"config.{name} is {value!r}: must be in {valid}")
    return dataclasses.replace(config, **settings)


def to_dict(config: Config) -> dict[str, Any]:
    """The config as plain JSON values."""
    return dataclasses.asdict(config)


def from_dict(values: dict[str, Any]) -> Config:
    """The inverse of `to_dict`; ConfigError for what is no config of this version."""
    return validate(_build(Config, values, "config"))


def _build(kind: Any, value: Any, name: str) -> Any:
    """A setting, or the dataclass of a section, from JSON values."""
    wrong = f"{name} is {value!r}: must be of type {inspect.formatannotation(kind)}"
    if dataclasses.is_dataclass(kind) and not isinstance(value, kind):  # type: ignore[arg-type]
        if not isinstance(value, dict):
            raise ConfigError(wrong)
        kinds = {field.name: field.type for field in dataclasses.fields(kind)}
        for key in value.keys() - kinds:
            raise ConfigError(f"{name}.{key} is not a setting of this version of g2p_jax")
        built = {key: _build(kinds[key], part, f"{name}.{key}") for key, part in value.items()}
        return kind(**built)  # type: ignore[operator]
    value = tuple(value) if isinstance(value, list) else value
    if not isinstance(value, (int, float) if kind is float else get_origin(kind) or kind):
        raise ConfigError(wrong)
    return value
