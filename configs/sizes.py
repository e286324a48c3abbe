"""Sizes of the configs: base is the config as it stands, tiny is for trying it out."""

from g2p_jax.config import Config


def choose(config: Config, size: str) -> Config:
    """Returns the config in one of the sizes; ValueError for another name.

    tiny: 64 units, one encoder layer unless the decoder copies its state, no dropout, no n-gram
    model, few words.
    """
    if size == "tiny":
        model, train = config.model, config.train
        config.name += "-tiny"
        config.ngram = config.beam = 0
        config.data.limit = config.data.limit or 2000
        model.embedding = model.hidden = 64
        model.readout = min(model.readout, 64)
        if model.start == "bridge":
            model.encoder_layers = 1
        model.encoder_dropout = model.decoder_dropout = model.embedding_dropout = 0.0
        train.epochs, train.buckets, train.batch_size = 5, 2, 64
        train.optimizer, train.learning_rate, train.warmup_steps = "adamw", 5e-3, 20
        train.log_every = 20
    elif size != "base":
        raise ValueError(f"{config.name} has the sizes base and tiny, not {size!r}")
    return config
