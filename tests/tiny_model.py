"""A model that has learnt eight words by heart, for tests."""

import json

from g2p_jax import config
from g2p_jax.predict.lexicon_first import Lexicon, LexiconFirst
from g2p_jax.train.loop import train

WORDS = {
    "cab": "K AE B", "back": "B AE K", "deaf": "D EH F", "fad": "F AE D", "bead": "B IY D",
    "face": "F EY S", "cafe": "K AH F EY", "ace": "EY S",
}  # fmt: skip
TINY = config.Config(
    model=config.Model(
        embedding=16,
        hidden=32,
        readout=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_dropout=0.0,
        decoder_dropout=0.0,
    ),
    train=config.Train(
        epochs=30, batch_size=8, buckets=1, learning_rate=1e-2, warmup_steps=1,
        schedule="constant", label_smoothing=0.0, log_every=1000, watch=("cab",), dtype="float32",
    ),
)  # fmt: skip


def train_in(folder):
    """Returns the folder that training wrote."""
    lexicon = folder / "lexicon.tsv"
    lexicon.write_text("".join(f"{word}\t{sounds}\n" for word, sounds in WORDS.items()))
    TINY.data = config.Data(train=str(lexicon), dev=str(lexicon), test_share=0.0)
    progress = train(TINY, folder / "run")
    assert progress.best == 0
    reports = map(json.loads, (folder / "run" / "metrics.jsonl").read_text().splitlines())
    epochs = {(r["dev_wer"], r["dev_loss"]): r["epoch"] for r in reports if "epoch" in r}
    first = min(epoch for (wer, _), epoch in epochs.items() if wer == 0)
    assert progress.best_epoch == epochs[min(epochs)] > first  # the later, the surer
    return folder / "run"


def lexicon_first(lexicon, g2p):
    """Returns the model behind a lexicon: pairs, or texts of pronunciations by their word."""
    if isinstance(lexicon, dict):
        lexicon = [(word, tuple(tuple(p.split()) for p in each)) for word, each in lexicon.items()]
    return LexiconFirst([Lexicon(lexicon, g2p.symbols)], g2p)
