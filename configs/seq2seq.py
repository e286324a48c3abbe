"""Stacked LSTMs without attention: one state holds the whole word (Sutskever et al. 2014).

python train.py --config=configs/seq2seq.py          # the encoder reads the word backward
python train.py --config=configs/seq2seq.py:tiny     # half a minute, to try it out

Each decoder layer starts from the last state of the encoder layer at the same height. Half of the
decoder's inputs are the reference phonemes, half its own predictions (teacher forcing 0.5). The
paper also searched with a beam of 12 (predict.py --beam=12) and used an ensemble of five.

On all of CMUdict: dev WER 26.29 %, PER 6.28 %, epoch 13 of 14, 25 min on one core of an EPYC
(bfloat16), with other programs running; with --beam=12, dev WER 25.98 %.
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
            teacher_forcing=0.5,
        ),
    )
    return choose(config, size)
