"""The lecture's phoneme language model: which phoneme follows the phonemes so far?

python train.py --config=configs/phoneme_lm.py
python train.py --config=configs/phoneme_lm.py:tiny     # half a minute, to try it out
python -m g2p_jax generate --ckpt=runs/phoneme_lm                        # samples words
python -m g2p_jax generate --ckpt=runs/phoneme_lm --score "HH AH L OW"   # how probable is it?

Embedding(43, 128), LSTM(128, 256, 2 layers), Linear(256, 43): 938,155 parameters for the 39
phonemes of CMUdict and four special symbols.

On the pronunciations of CMUdict: dev loss 2.156 nats a phoneme, dev perplexity 8.63, 8 min on one
core of an EPYC (bfloat16), with other programs running.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Model, Train


def get_config(size: str = "base") -> Config:
    config = Config(
        name="phoneme_lm",
        model=Model(
            cell="lstm",
            embedding=128,
            hidden=256,
            encoder_layers=0,
            decoder_layers=2,
            attention="none",
            start="zeros",
            readout=0,
            decoder_dropout=0.2,
        ),
        train=Train(
            epochs=10,
            batch_size=64,
            buckets=8,
            learning_rate=2e-3,
            label_smoothing=0.0,
        ),
    )
    return choose(config, size)
