"""Bidirectional GRU with attention: the default.

python train.py --config=configs/gru.py          # all of CMUdict
python train.py --config=configs/gru.py:tiny     # half a minute, to try it out

On all of CMUdict: dev WER 25.70 %, PER 6.03 %, one seed, 29 min on 2 cores of an EPYC (bfloat16)
with other work beside it; 25.15 % on a Xeon without AMX (float32), 35 min.
On the CMUdict 2007 benchmark (--config.data.train=train.txt --config.data.dev=dev.txt
--config.data.test_share=0.0): dev WER 23.26 %, PER 5.56 %, 30 min on that EPYC beside other
work; 22.51 % on that Xeon, 30 min. Since then huge pages save a quarter of the time.
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
