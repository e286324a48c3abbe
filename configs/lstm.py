"""The default with LSTM cells (Hochreiter and Schmidhuber 1997).

python train.py --config=configs/lstm.py

Not measured yet.
"""

from configs import gru
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    return gru.get_config(size, cell="lstm")
