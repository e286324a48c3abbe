"""Bidirectional GRU with attention: the default.

python train.py --config=configs/gru.py          # all of CMUdict
python train.py --config=configs/gru.py:tiny     # half a minute, to try it out

On all of CMUdict: dev WER 25.15 %, PER 6.06 %, one seed, 35 min on 2 cores of a Xeon without AMX
(where AMX multiplies bfloat16, fourteen epochs took 26 min).
On the CMUdict 2007 benchmark (--config.data.train=train.txt --config.data.dev=dev.txt
--config.data.test_share=0.0): dev WER 22.51 %, PER 5.28 %, one seed, 30 min on the same.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Model, Train


def get_config(size: str = "base", cell: str = "gru") -> Config:
    config = Config(
        name=cell,
        model=Model(
            cell=cell,
            embedding=128,
            hidden=256,
            encoder_layers=2,
            decoder_layers=2,
            attention="dot",
            readout=256,
            encoder_dropout=0.2,
            decoder_dropout=0.2,
        ),
        train=Train(
            epochs=12,
            batch_size=64,
            buckets=8,
            optimizer="adamw",
            learning_rate=1e-3,
            schedule="linear",
            warmup_steps=500,
            final_rate=0.0,
            label_smoothing=0.1,
        ),
    )
    return choose(config, size)
