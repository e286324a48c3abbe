"""Training state on disk, through Orbax: the two latest checkpoints of a run.

A checkpoint is a folder named after its step, which appears complete or not at all. It holds the
arrays of the state, and JSON metadata with a checksum of both: not every damaged byte makes Orbax
complain. A checkpoint that was damaged later is reported and set aside, and the one before it is
used.
"""

import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import logging
from orbax.checkpoint import v1 as ocp

from g2p_jax.errors import TrainingError, UserError

KEPT = 2
DAMAGED = "damaged_checkpoints"  # a folder next to that of the checkpoints
Tree = Any
Metadata = dict[str, Any]


def steps(folder: Path) -> list[int]:
    """Returns the steps that have a checkpoint in this folder, the latest last."""
    with _checkpointer(folder) as checkpointer:
        return sorted(checkpoint.step for checkpoint in checkpointer.checkpoints)


def save(folder: Path, step: int, state: Tree, metadata: Metadata) -> None:
    """Writes a state that is on the host, unless this step is there; keeps the latest KEPT.

    All processes of a job call this with the same state; the first one writes.
    """
    about = {"metadata": metadata, "checksum": _checksum(state, metadata)}
    try:
        with _checkpointer(folder) as checkpointer:
            if all(checkpoint.step != step for checkpoint in checkpointer.checkpoints):
                checkpointer.save_checkpointables(step, {"state": state, "about": about})
    except Exception as error:  # whatever a full disk makes Orbax raise
        reason = "the disk is full" if "RESOURCE_EXHAUSTED" in str(error) else _reason(error)
        raise TrainingError(
            f"{folder}: cannot save step {step} ({reason}); the checkpoint before it is whole, and "
            "the same command continues from there"
        ) from error


def restore(
    folder: Path, like: Tree, check: Callable[[Metadata], None] = lambda metadata: None
) -> tuple[Tree, Metadata] | None:
    """Returns the latest readable state and its metadata; None if there is none.

    Args:
      like: a state of the same tree, shapes and types.
      check: is called with the metadata before the state is read; may raise UserError.
    """
    like, damaged = jax.device_get(like), list[int]()
    try:
        with _checkpointer(folder) as checkpointer:
            for step in sorted((c.step for c in checkpointer.checkpoints), reverse=True):
                try:
                    about = checkpointer.load_checkpointables(step, {"about": None})["about"]
                    check(about["metadata"])
                    state = checkpointer.load_checkpointables(step, {"state": like})["state"]
                    if about["checksum"] != _checksum(state, about["metadata"]):
                        raise ValueError("wrong checksum")
                    return state, about["metadata"]
                except UserError:
                    raise
                except Exception as error:  # whatever a damaged file makes Orbax raise
                    damaged.append(step)
                    logging.warning(
                        "checkpoint %d is damaged (%s): using the one before", step, _reason(error)
                    )
        return None
    finally:
        if jax.process_index() == 0:
            for step in damaged:
                _set_aside(folder, step)


def _set_aside(folder: Path, step: int) -> None:
    """Moves a damaged checkpoint to where it stands in no other's place and is not the latest."""
    place = folder.with_name(DAMAGED) / str(step)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    (folder / str(step)).rename(place)


def _checkpointer(folder: Path) -> ocp.training.Checkpointer:
    return ocp.training.Checkpointer(
        folder.absolute(),
        save_decision_policy=ocp.training.save_decision_policies.FixedIntervalPolicy(1),
        preservation_policy=ocp.training.preservation_policies.LatestN(KEPT),
        cleanup_tmp_directories=True,
    )


def _checksum(state: Tree, metadata: Metadata) -> str:
    checksum = zlib.crc32(json.dumps(metadata, sort_keys=True).encode())
    for array in jax.tree.leaves(state):
        checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
    return str(checksum)


def _reason(error: BaseException) -> str:
    """Returns what TensorStore says of a damaged file; Orbax wraps it."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error).partition("\n")[0][:200]
