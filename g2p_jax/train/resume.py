"""Which run a folder holds, and where it goes on.

A run is continued if its checkpoint was made with the same settings and the same training data:
`check_same_run` decides.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from flax.traverse_util import flatten_dict

from g2p_jax import config as config_lib
from g2p_jax.config import Config
from g2p_jax.devices import hosts
from g2p_jax.errors import ConfigError
from g2p_jax.files import lock, make_folder
from g2p_jax.predict.header import NAME
from g2p_jax.train import checkpoints
from g2p_jax.train.checkpoints import Metadata
from g2p_jax.train.inputs import Inputs
from g2p_jax.train.step import State

CHECKPOINTS = "checkpoints"  # the folder of a run that holds them
LOCK = ".lock"  # the file that a running training has open; it names the run
DATA = {"symbols": "letters or phonemes", "data": "training data", "dev": "dev words"}
# Settings that decide which weights a run ends with, and which of them are the best; and those that
# may differ between a run and its continuation.
DECIDE = "model.", "train.", "ensemble", "ngram", "beam", "stress"
MAY_CHANGE = {"train.log_every", "train.checkpoint_every", "train.watch"}


class Progress(NamedTuple):
    """What a run knows besides its state."""

    epoch: int = 0  # epochs that are complete and evaluated
    best: float = math.inf  # lowest dev WER; of a language model, dev loss
    best_loss: float = math.inf  # dev loss of that model; decides between equal WERs
    best_epoch: int = 0
    seconds: float = 0.0  # of training, over all starts

    def after_epoch(self, error: float, loss: float) -> "Progress":
        """The progress after one more epoch, with this dev error and dev loss."""
        new = self._replace(epoch=self.epoch + 1)
        if (error, loss) < (self.best, self.best_loss):
            new = new._replace(best=error, best_loss=loss, best_epoch=new.epoch)
        return new


@contextlib.contextmanager
def owned(folder: Path, run: Metadata, overwrite: bool = False) -> Iterator[None]:
    """Makes the folder, and keeps others from training in it.

    ConfigError in all processes if another trains there, or if it has a model but no checkpoints,
    and this run has not been begun there: then something else wrote the model.
    """
    error, saved = "", (folder / CHECKPOINTS).glob("*")
    fresh = not any(path.name.isdigit() for path in saved)  # others are half written
    with contextlib.ExitStack() as opened:
        if hosts.is_first():
            make_folder(folder)
            try:
                file = opened.enter_context(lock(folder / LOCK))
                error = _begin(folder, file, run, overwrite) if fresh else ""
            except BlockingIOError:
                error = f"{folder}: another process trains there; wait for it, or stop it"
        if error := hosts.from_first(error):
            raise ConfigError(error)
        yield


def _begin(folder: Path, file: IO[str], run: Metadata, overwrite: bool) -> str:
    """Writes down that this run has begun in the folder, or returns what is wrong with that."""
    digest = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
    file.seek(0)
    model, begun = folder / NAME, file.read() == digest
    if model.exists() and not begun and not overwrite:
        return (
            f"{model} is from something else than this run, which has no checkpoints there: choose "
            "another --workdir, or replace it with --overwrite"
        )
    file.truncate(0)
    file.write(digest)
    file.flush()
    return ""


def about(config: Config, inputs: Inputs) -> Metadata:
    """What tells a run from others: its config, and fingerprints of its data."""
    return {
        "config": config_lib.to_dict(config),
        "data": inputs.train.fingerprint,
        "symbols": hashlib.sha256(repr(inputs.symbols).encode()).hexdigest(),
        "dev": hashlib.sha256(repr(list(inputs.splits.dev)).encode()).hexdigest(),
    }


def check_same_run(folder: Path, saved: Metadata, run: Metadata, extend: bool = False) -> None:
    """Raises ConfigError unless a run may be continued: same settings, same data.

    Args:
      saved, run: what `about` gives, of the checkpoint and of now.
      extend: the run may have more epochs now.
    """
    before, now = _identity(saved["config"]), _identity(run["config"])
    changed = [name for name in now if now[name] != before.get(name)]
    longer = changed == ["train.epochs"] and now["train.epochs"] > before["train.epochs"]
    other = [what for name, what in DATA.items() if saved.get(name) != run[name]]
    if not other and (not changed or (extend and longer)):
        return
    name = changed[0] if changed else ""
    setting = f"config.{name}={before.get(name)!r}, now it is {now[name]!r}" if changed else ""
    more = "add --extend to go on with more epochs, " if longer and not other else ""
    raise ConfigError(
        f"{folder} was begun with {setting or f'other {other[0]}'}: {more}choose another "
        f"--workdir (--config.train.init={folder} takes its weights there), or delete that folder "
        "to begin anew"
    )


def _identity(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that decide which weights a run ends with, by name, as in "model.hidden"."""
    return {
        name: value
        for name, value in flatten_dict(config, sep=".").items()
        if name.startswith(DECIDE) and name not in MAY_CHANGE
    }


def resume(
    folder: Path, run: Metadata, start: State, extend: bool = False
) -> tuple[State, Progress]:
    """The latest readable state of the run and its progress; `start` if there is none.

    ConfigError if it holds another run, or unless all processes of the job train
    the same and see the same folder.
    """
    inside = folder / CHECKPOINTS
    if hosts.is_first():
        inside.mkdir(exist_ok=True)
    if not hosts.agree(json.dumps(run)):
        raise ConfigError("the processes of this job have different configs or training data")
    if not hosts.agree(f"{inside.is_dir()} {checkpoints.steps(inside)}"):
        raise ConfigError(
            f"{folder}: the processes of this job see different files there; --workdir must name "
            "a folder that all hosts share"
        )
    check = lambda saved: check_same_run(folder, saved, run, extend)
    if restored := checkpoints.restore(inside, start, check):
        state, saved = restored
        return state, Progress(**saved["progress"])
    return start, Progress()


def save(folder: Path, run: Metadata, state: State, progress: Progress) -> None:
    """Saves a state that is on the host; all processes of a job call it, the first one writes."""
    metadata = run | {"progress": progress._asdict()}
    checkpoints.save(folder / CHECKPOINTS, int(state.step), state, metadata)
