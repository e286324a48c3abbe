"""The lecture's sum problem: 12+345 -> 357, read and written digit by digit.

python train.py --config=configs/addition.py                                 # two digits, plus
python train.py --config=configs/addition.py:cell=lstm,digits=3,minus=true   # exercises 1, 2 and 3
python train.py --config=configs/addition.py:tiny                            # to try it out

A tenth of the problems is held out as dev; one in a thousand of them is wrong: dev WER 0.10 % (of
numbers), 1 min on one core of an EPYC (bfloat16), with other programs running. docs/lecture.md,
section 9, has the results of all cells and tasks.
"""

from configs.sizes import choose
from g2p_jax.config import Config, Data, Model, Train, options


def get_config(text: str = "") -> Config:
    chosen = options(text, size="base", cell="gru", digits=2, minus=False, seed=0)
    cell, digits, minus, seed = (chosen[key] for key in ("cell", "digits", "minus", "seed"))
    count = {1: 200, 2: 10_000}.get(digits, 30_000) * (2 if minus else 1)
    config = Config(
        name=f"addition-{cell}-{digits}{'-minus' if minus else ''}-{seed}",
        data=Data(
            train=f"sums:digits={digits},minus={minus:d},count={count}",
            dev_share=0.1,
            test_share=0.0,
        ),
        model=Model(
            cell=cell,
            embedding=32,
            hidden=128,
            encoder_layers=1,
            decoder_layers=2,
            readout=0,
            encoder_dropout=0.0,
            decoder_dropout=0.0,
        ),
        train=Train(
            epochs=20 if digits < 3 else 15,
            batch_size=64,
            buckets=3,
            learning_rate=3e-3,
            label_smoothing=0.0,
            seed=seed,
            watch=("1+1", "12+34", "99+1", "95+7"),
        ),
    )
    return choose(config, chosen["size"])
