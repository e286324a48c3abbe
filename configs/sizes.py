"""The sizes of the configs: base, as it stands, and tiny, to try it out."""

from g2p_jax.config import Config


def choose(config: Config, size: str) -> Config:
    """The config in that size; ValueError if there is none of that name.

    tiny: 64 units, one encoder layer where layers need not be alike, no dropout, no n-gram model,
    few words.
    """
    if size == "tiny":
        model, train = config.model, config.train
        config.name += "-tiny"
        config.ngram = 0
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
