"""Spelling from sound: how a pronunciation may be written. The default, turned round.

python train.py --config=configs/p2g.py                                     # all of CMUdict
python train.py --config=configs/p2g.py --config.data.train=lexicon.txt     # any lexicon
python train.py --config=configs/p2g.py:tiny                                # to try it out
python predict.py --ckpt=runs/p2g "K AE T"

A spelling is right if the dictionary has a word of this spelling with the pronunciation.

On all of CMUdict: dev WER 32.63 %, 7.25 % of letters, 56 min on one core of a Xeon (float32), with
other programs running.
"""

from configs import gru
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    config = gru.get_config(size)
    config.name = config.name.replace("gru", "p2g")
    config.data.direction = "p2g"
    return config
