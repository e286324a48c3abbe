"""A text as rows of chunks: nothing lost, and each row goes on where it ended."""

import numpy as np
import pytest

from g2p_jax import config
from g2p_jax.data import splits
from g2p_jax.data.chunks import Chunks
from g2p_jax.data.symbols import PAD
from g2p_jax.errors import DataError


@pytest.mark.parametrize(
    ("size", "rows", "chunk"), [(100, 4, 5), (101, 4, 5), (7, 3, 10), (1, 2, 3)]
)
def test_rows_side_by_side_are_the_text(size, rows, chunk):
    ids = np.arange(4, 4 + size, dtype=np.int32)
    chunks = Chunks(ids, chunk, rows)
    batches = list(chunks.epoch(3))
    assert len(batches) == chunks.steps_per_epoch and len(chunks) == size
    assert {batch.target_BxT.shape for batch in batches} == {(rows, chunk)}
    together = np.concatenate([batch.target_BxT for batch in batches], axis=1)
    read = together[together != PAD]  # row after row
    np.testing.assert_array_equal(read, ids)
    tail = list(chunks.epoch(0, chunks.steps_per_epoch - 1))
    np.testing.assert_array_equal(tail[0].target_BxT, batches[-1].target_BxT)


def test_dev_and_test_are_the_end_of_the_text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes("\ufeff0123456789\r\nabcdefgh".encode())
    settings = config.Data(train=str(file), format="text", dev_share=0.25, test_share=0.2)
    *sides, extra = splits.load(settings)
    train, dev, test = ("".join(part[0].pronunciations[0]) for part in sides)
    assert not len(extra)
    assert train + dev + test == "0123456789\r\nabcdefgh"
    assert (dev, test) == ("abcd", "efgh")
    settings.dev = str(file)
    assert "".join(splits.load(settings).dev[0].pronunciations[0]) == train + dev + test
    settings.limit = 8
    assert [len(part[0].pronunciations[0]) for part in splits.load(settings)[:3]] == [8, 2, 2]


def test_an_empty_text_is_an_error(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match=r"empty.txt: expected a text, found nothing"):
        splits.read_text(str(tmp_path / "empty.txt"), "NFC")


def test_pythons_library_is_a_text():
    text = splits.read_text("python", "NFC")
    assert "def dedent(text)" in text
