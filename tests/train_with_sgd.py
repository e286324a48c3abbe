"""train.py, but with SGD, which keeps small differences small: python -m tests.train_with_sgd"""

import sys

import optax

from g2p_jax.commands import run, train
from g2p_jax.train import loop

if __name__ == "__main__":
    sgd = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1))
    loop.make_optimizer = lambda settings, steps: sgd
    sys.argv[0] = "train.py"
    run.run(train.main)
