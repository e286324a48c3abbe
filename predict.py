"""Pronounces words: python predict.py hello world; the same as `g2p-jax predict`."""

from g2p_jax.commands import main

if __name__ == "__main__":
    main("predict")
