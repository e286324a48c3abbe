"""Pronounces words: python predict.py hello world; see g2p_jax/commands/predict.py."""

from g2p_jax.commands import predict, shared

if __name__ == "__main__":
    shared.run(predict.main)
