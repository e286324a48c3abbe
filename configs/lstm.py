"""The default with LSTM cells (Hochreiter and Schmidhuber 1997).

python train.py --config=configs/lstm.py

Not measured yet.
"""

from configs import gru
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    config = gru.get_config(size)
    config.name = config.name.replace("gru", "lstm")
    config.model.cell = "lstm"
    return config
