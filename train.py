"""Trains a model: python train.py --config=configs/gru.py

Stop it at any time (Ctrl-C); the same command continues. Every setting can be changed on the
command line, as in --config.train.epochs=3; `g2p_jax/config.py` lists them.
"""

from pathlib import Path

from absl import flags, logging
from ml_collections import config_flags

from g2p_jax import cli
from g2p_jax.errors import UserError

_CONFIG = config_flags.DEFINE_config_file("config", "configs/gru.py", "What to train, on what.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where to write; default: runs/NAME.")


def main(words: list[str]) -> None:
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    cli.use_compilation_cache()
    from g2p_jax import parallel
    from g2p_jax.loop import Run

    parallel.use_cpu_cores(_CONFIG.value.train.batch_size)
    folder = Path(_WORKDIR.value or f"runs/{_CONFIG.value.name}")
    run = Run(_CONFIG.value, folder)
    progress = run.train()
    if progress.epoch:
        best, epoch = 100 * progress.best_wer, progress.best_epoch
        logging.info("best dev WER %.2f%% (epoch %d)", best, epoch)
        logging.info("now: python predict.py --ckpt=%s hello world", folder)


if __name__ == "__main__":
    cli.run(main)
