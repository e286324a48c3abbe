"""The default: bidirectional GRU with attention; a joint n-gram model rescores its answers.

python train.py --config=configs/gru.py          # all of CMUdict
python train.py --config=configs/gru.py:tiny     # half a minute, to try it out

On the CMUdict 2007 benchmark (--config.data.train=train.txt --config.data.dev=dev.txt
--config.data.test_share=0.0): dev WER 20.60 %, PER 4.91 %, 19 min on two cores of an EPYC
(bfloat16). On all of CMUdict: dev WER 23.10 %, PER 5.47 %, 20 min on two cores; the network alone
(--config.ngram=0) has dev WER 25.07 %, PER 5.85 %, 36 min on one core.
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
            batch_size=128,
            buckets=8,
            optimizer="adamw",
            learning_rate=1.5e-3,
            warmup_steps=500,
            label_smoothing=0.1,
        ),
        ngram=8 if cell == "gru" else 0,  # without it cells are compared alone
    )
    return choose(config, size)
