"""Trains a model: python train.py --config=configs/gru.py

Stop it at any time (Ctrl-C); the same command continues. Every setting can be changed on the
command line, as in --config.train.epochs=3; `g2p_jax/config.py` lists them.

With --distributed the same command on each of several hosts trains one model, in a folder that all
share. SLURM, Open MPI, Kubernetes and TPU pods say who is who; by hand, on each host:

JAX_COORDINATOR_ADDRESS=head:1234 JAX_NUM_PROCESSES=4 JAX_PROCESS_ID=0 python train.py --distributed
"""

from pathlib import Path

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.devices.signals import stop_on_signal
from g2p_jax.errors import UserError

_CONFIG = shared.define_config("configs/gru.py")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where to write; default: runs/NAME.")
_DISTRIBUTED = flags.DEFINE_bool("distributed", False, "One of several processes; see above.")


def main(words: list[str]) -> None:
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    shared.use_huge_pages()
    with stop_on_signal() as stop:
        shared.use_compilation_cache()
        from g2p_jax.devices import hosts
        from g2p_jax.devices.cpu import use_cpu_cores
        from g2p_jax.train.loop import Run

        with hosts.connect(_DISTRIBUTED.value) as processes:
            use_cpu_cores(_CONFIG.value.train.batch_size, processes)
            folder = Path(_WORKDIR.value or f"runs/{_CONFIG.value.name}")
            Run(_CONFIG.value, folder).train(stop)
