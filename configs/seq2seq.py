"""Stacked LSTMs without attention: the whole word in one state (Sutskever et al. 2014).

python train.py --config=configs/seq2seq.py          # the word read from its end
python train.py --config=configs/seq2seq.py:tiny     # to try it out

Each layer of the decoder starts where the encoder's layer beside it ended. Half of the decoder's
inputs are the true phonemes, half what it has said itself (teacher forcing 0.5). The paper's other
ingredients: --beam=12 in predict.py, and five such models.

On all of CMUdict: dev WER 26.29 %, PER 6.28 %, epoch 13 of 14, 25 min on one core of an EPYC
(bfloat16) with other work beside it; with --beam=12, 25.98 %.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Model, Train


def get_config(size: str = "base") -> Config:
    config = Config(
        name="seq2seq",
        model=Model(
            cell="lstm",
            embedding=128,
            hidden=256,
            encoder_layers=2,
            decoder_layers=2,
            directions="backward",
            attention="none",
            start="copy",
            readout=0,
            encoder_dropout=0.2,
            decoder_dropout=0.2,
        ),
        train=Train(
            epochs=14,
            batch_size=64,
            buckets=8,
            learning_rate=1.5e-3,
            schedule="linear",
            final_rate=0.0,
            teacher_forcing=0.5,
            final_teacher_forcing=0.5,
        ),
    )
    return choose(config, size)
