"""The lecture's transcription contest, with the settings of its notebook.

python train.py --config=configs/contest.py --config.data.train=train.txt
python train.py --config=configs/contest.py:tiny      # half a minute, on a part of CMUdict
python predict.py --ckpt=runs/contest --input=test.csv --output=submission.csv

The attention model with one encoder layer, embeddings of 128 and 256 hidden units; initial weights
from normal(0, 0.01), biases zero; 90 % of the words for training, 10 % for dev; length buckets,
batches of 8; RMSprop as in PyTorch at 1e-3, gradients clipped to norm 1; 15 epochs; loss and
perplexity every 500 steps. `configs/gru.py` is more accurate in less time.

On all of CMUdict (the default), 113,606 words for training and 12,446 for dev: dev WER 37.55 %, PER
9.32 %, epoch 9 of 15, 40 min on one core of an EPYC (bfloat16), with other programs running.
"""

from configs import attention
from configs.sizes import choose
from g2p_jax.config import Config


def get_config(size: str = "base") -> Config:
    config = attention.get_config()
    config.name = "contest"
    config.data.dev_share, config.data.test_share = 0.1, 0.0
    config.model.embedding = 128
    config.model.encoder_layers = 1
    config.model.init_normal = 0.01
    train = config.train
    train.epochs, train.batch_size, train.buckets, train.log_every = 15, 8, 8, 500
    train.optimizer, train.learning_rate, train.clip = "rmsprop", 1e-3, 1.0
    train.schedule, train.warmup_steps = "constant", 0
    return choose(config, size)
