"""Trains a model: python train.py --config=configs/gru.py; see g2p_jax/commands/train.py."""

from g2p_jax.commands import shared, train

if __name__ == "__main__":
    shared.run(train.main)
