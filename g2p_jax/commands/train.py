"""Trains a model on a lexicon, and continues where it was stopped.

  g2p-jax train --config=gru
  g2p-jax train --config=gru:tiny --config.train.epochs=3
  g2p-jax train --config=gru --config.data.train=lexicon.txt --workdir=runs/mine

Stop it at any time (Ctrl-C); the same command continues. The exit status is 0 when the run is
complete, 130 after Ctrl-C and 143 after SIGTERM.

With --distributed the same command on each of several hosts trains one model, in a folder that all
share. SLURM, Open MPI, Kubernetes and TPU pods tell each host its place; by hand, on each host:

  JAX_COORDINATOR_ADDRESS=head:1234 JAX_NUM_PROCESSES=4 JAX_PROCESS_ID=0 \\
      g2p-jax train --distributed --config=gru
"""

import signal
from pathlib import Path

from absl import flags, logging
from ml_collections import config_flags

from g2p_jax import config
from g2p_jax.commands import config_files, run, shared
from g2p_jax.devices.signals import StopOnSignal

_CONFIG = config_files.define_config("gru")
_WORKDIR = shared.define_output(
    "Folder of the run; default: runs/ and its name.", "workdir", folder=True
)
_EXTEND = flags.DEFINE_bool(
    "extend", False, "Go on with more epochs (config.train.epochs) than the run was begun with."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace a model that this run did not write.")
_DISTRIBUTED = flags.DEFINE_bool("distributed", False, "This process is one of several; see above.")


def main(words: list[str]) -> int:
    shared.no_words(words)
    shared.use_huge_pages()
    with run.usage_errors():
        config.validate(_CONFIG.value)
    folder = Path(_WORKDIR.value or f"runs/{_CONFIG.value.name}")
    if not _DISTRIBUTED.value:  # else only the first process logs, and none knows yet which it is
        chosen = config_flags.get_config_filename(flags.FLAGS["config"])
        default = "" if flags.FLAGS["config"].present else " (the default: no --config)"
        data = _CONFIG.value.data.train
        logging.info("%s%s is trained on %s in %s; starting JAX", chosen, default, data, folder)
    shared.use_compilation_cache()
    from g2p_jax.devices import hosts
    from g2p_jax.devices.cpu import use_cpu_cores
    from g2p_jax.train.loop import train

    with hosts.connect(_DISTRIBUTED.value) as processes:
        use_cpu_cores(_CONFIG.value.train.batch_size, processes)
        stop = StopOnSignal()
        progress = train(_CONFIG.value, folder, stop, _EXTEND.value, _OVERWRITE.value)
    if progress.epoch == _CONFIG.value.train.epochs:
        return 0
    return 128 + (stop[0] if stop else signal.SIGTERM)  # or another process of the job got it
