"""The default with LSTM cells (Hochreiter and Schmidhuber 1997), without the n-gram model.

python train.py --config=configs/lstm.py
python train.py --config=configs/lstm.py:tiny    # half a minute, to try it out

On all of CMUdict, with batches of 64 and a learning rate of 1e-3: dev WER 24.40 %, PER 5.81 %,
epoch 10 of 12, 51 min on one core of an EPYC (bfloat16), with other programs running.
"""

from configs import gru
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    return gru.get_config(size, cell="lstm")
