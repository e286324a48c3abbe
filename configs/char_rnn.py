"""Karpathy's "The unreasonable effectiveness of recurrent neural networks": a model of any text.

python train.py --config=configs/char_rnn.py --config.data.train=any.txt
python train.py --config=configs/char_rnn.py:tiny     # half a minute, to try it out
python -m g2p_jax generate --ckpt=runs/char_rnn --temperature=0.7

It predicts a text character by character. The state is carried from chunk to chunk; derivatives
stop at the start of a chunk (truncated backpropagation through time). The default text is Python's
own library, as Karpathy's was the source of Linux. The last 5 % of the text are the dev set.

On Python 3.11's library: dev loss 1.097 nats, dev bits per character 1.58, 22 min on one core of an
EPYC (bfloat16), with other programs running.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Data, Model, Train


def get_config(size: str = "base") -> Config:
    config = Config(
        name="char_rnn",
        data=Data(train="python", format="text", chunk=100, dev_share=0.05, test_share=0.0),
        model=Model(
            cell="lstm",
            embedding=64,
            hidden=256,
            encoder_layers=0,
            decoder_layers=2,
            attention="none",
            start="zeros",
            readout=0,
            decoder_dropout=0.1,
        ),
        train=Train(
            epochs=5,
            batch_size=64,
            learning_rate=2e-3,
            label_smoothing=0.0,
            log_every=50,
        ),
    )
    if size == "tiny":
        config.data.limit = 100_000
    return choose(config, size)
