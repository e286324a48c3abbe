"""A few thousand words of any language, as in SIGMORPHON's shared task of 2020.

python train.py --config=configs/sigmorphon.py:fre                # sigmorphon_2020/fre_train.tsv
python train.py --config=configs/sigmorphon.py:fre,folder=DATA    # DATA/fre_train.tsv, fre_dev.tsv
python train.py --config=configs/sigmorphon.py:fre,size=tiny      # to try it out
python train.py --config=configs/sigmorphon.py --config.data.train=lexicon.txt    # your own words

An ensemble of six small networks with monotonic attention, much dropout and averaged weights; the
same settings for every language. Letters are decomposed (NFD): Korean syllables into jamo, accented
letters into letter and accent. A file has lines `word<TAB>p h o n e s`, one pronunciation each.
Without a language a lexicon may have any format, and a tenth of its words become dev words.

On the 450 dev words of each language: dev WER of French 6.22 %, Greek 13.78 %, Hungarian 2.89 %,
Icelandic 8.22 %, Korean 18.00 %, the last in 9 min on two cores of an EPYC (bfloat16).
"""

import re

from configs.sizes import choose
from g2p_jax.config import Config, Data, Model, Train, options


def get_config(text: str = "") -> Config:
    text = re.sub(r"^([a-z]{3})(?=,|$)", r"language=\1", text)
    chosen = options(text, size="base", language="", folder="sigmorphon_2020")
    language, files = chosen["language"], f"{chosen['folder']}/{chosen['language']}"
    data = Data(train="lexicon.txt", dev_share=0.1, test_share=0.0, unicode="NFD")
    if language:
        data.train, data.dev, data.format = f"{files}_train.tsv", f"{files}_dev.tsv", "tsv"
    config = Config(
        name=f"sigmorphon-{language}" if language else "sigmorphon",
        data=data,
        model=Model(
            cell="gru",
            embedding=64,
            hidden=128,
            encoder_layers=2,
            decoder_layers=2,
            attention="monotonic",
            readout=128,
            encoder_dropout=0.5,
            decoder_dropout=0.5,
        ),
        train=Train(
            epochs=40,
            batch_size=32,
            buckets=4,
            optimizer="adamw",
            learning_rate=2e-3,
            warmup_steps=200,
            average=0.998,
            label_smoothing=0.1,
            watch=(),
        ),
        ensemble=6,
    )
    return choose(config, chosen["size"])
