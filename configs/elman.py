"""The default with the simplest recurrent cell, h' = tanh(W x + b + U h) (Elman 1990), no n-grams.

python train.py --config=configs/elman.py
python train.py --config=configs/elman.py:tiny   # half a minute, to try it out

On all of CMUdict, with batches of 64 and a learning rate of 1e-3: dev WER 28.90 %, PER 7.05 %,
16 min on one core of an EPYC (bfloat16), with other programs running.
"""

from configs import gru
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    return gru.get_config(size, cell="elman")
