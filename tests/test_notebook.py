"""The Colab notebook from its first cell to its last, on eight devices."""

import os
import shutil
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).parents[1]


def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path, monkeypatch):
    project = tmp_path / "g2p_jax"  # a clone: the notebook writes files into it
    parts = "g2p_jax configs train.py predict.py requirements.txt notebooks"
    for name in parts.split():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name) if project.mkdir(exist_ok=True) is None else None
    smaller = " --config.model.decoder_layers=1 --config.train.buckets=1"
    monkeypatch.setenv("G2P_JAX_SIZE", ":tiny" + smaller)
    monkeypatch.setenv("G2P_JAX_WORKDIR", str(tmp_path / "run"))
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "8")
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    notebook = nbformat.read(project / "notebooks" / "g2p_colab.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(project / "notebooks")}}
    )
    client.execute()  # raises for the first cell that fails
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    text = "".join(o["text"] for o in outputs if o.output_type == "stream")
    assert len(pictures) == 2
    assert "epoch 5/5 in" in text and "through " in text
    assert os.path.getsize(tmp_path / "run" / "model.safetensors") > 10_000
    rows = (project / "submission.csv").read_text().splitlines()
    assert rows[0] == "Id,Transcription" and len(rows) == 5 and all(r[2:] for r in rows[1:])
