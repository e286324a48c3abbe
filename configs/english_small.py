"""The model `english-small`, which comes with g2p_jax: a small student and a joint 4-gram model.

python train.py --config=configs/english_small.py
python -m g2p_jax join runs/english-small --precision=float16 --output=english-small
python train.py --config=configs/english_small.py:tiny       # half a minute, without a teacher

The teacher runs/best3 is an ensemble of three LSTM networks, and invented.tsv holds 200,000 words
that a language model of spelling invented and the teacher pronounced; docs/results.md, "A student",
has the commands for both. train.txt and dev.txt are those of the CMUdict 2007 benchmark.

dev WER 23.71 %, PER 5.71 %, 18 min on two cores of an EPYC (bfloat16).
"""

from configs.sizes import choose
from g2p_jax.config import Config, Data, Model, Train


def get_config(size: str = "base") -> Config:
    config = Config(
        name="english-small",
        data=Data(train="train.txt", dev="dev.txt", test_share=0.0, extra="invented.tsv"),
        model=Model(
            cell="gru",
            embedding=64,
            hidden=128,
            encoder_layers=1,
            decoder_layers=1,
            attention="dot",
            readout=128,
            encoder_dropout=0.0,
            decoder_dropout=0.0,
        ),
        train=Train(
            epochs=12,
            batch_size=128,
            buckets=8,
            optimizer="adamw",
            learning_rate=1.5e-3,
            schedule="linear",
            warmup_steps=500,
            final_rate=0.1,
            average=0.9997,
            label_smoothing=0.1,
            teacher="runs/best3",
        ),
        ngram=4,
        temperature=0.9027839841721703,  # calibrated on the dev words
        beam=1,  # greedy search, for speed
    )
    if size == "tiny":
        config.data, config.train.teacher = Data(train="cmudict"), ""
    return choose(config, size)
