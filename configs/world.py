"""Many languages in one model: a folder of lexicons, one for each language.

python train.py --config=configs/world.py                       # world/, with deu_train.tsv, ...
python train.py --config=configs/world.py:folder=LEXICONS
python train.py --config=configs/world.py:folder=LEXICONS,size=tiny      # to try it out

A language is the first grapheme of its words; letters, phones and weights are shared. Small
languages are drawn more often than their share, by the square root of their size, and a joint
n-gram model of each language rescores the answers. Pronunciations are IPA, with or without spaces.

36 languages of Wiktionary, 770,000 pronunciations, on two idle cores of a Xeon (float32): 16 min an
epoch. Means over the languages, 34,545 dev words, after seven epochs and, with --extend, three
more: dev WER 16.54 %, PER 4.01 %; first-reference WER 21.45 %, characters 5.54 %. That is the
included model `world`.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Data, Model, Train, options


def get_config(text: str = "") -> Config:
    chosen = options(text, size="base", folder="world")
    config = Config(
        name="world",
        data=Data(
            train=chosen["folder"],
            source="language",
            target="ipa",
            unicode="NFD",
            dev_share=0.05,
            test_share=0.0,
            longest=48,
        ),
        model=Model(
            cell="gru",
            embedding=96,
            hidden=192,
            encoder_layers=2,
            decoder_layers=2,
            attention="dot",
            readout=192,
            encoder_dropout=0.15,
            decoder_dropout=0.15,
        ),
        train=Train(
            epochs=10,
            batch_size=256,
            buckets=8,
            optimizer="adamw",
            learning_rate=2e-3,
            schedule="linear",
            warmup_steps=1000,
            average=0.9997,
            label_smoothing=0.1,
            watch=(),
        ),
        ngram=5,
    )
    return choose(config, chosen["size"])
