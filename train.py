"""Trains a model: python train.py --config=configs/gru.py; the same as `g2p-jax train`."""

from g2p_jax.commands import main

if __name__ == "__main__":
    main("train")
