"""Writes src/tables.js: the alphabets of g2p_jax/data/alphabets for JavaScript.

python web/test/make_tables.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "web" / "src" / "tables.js"


def tables() -> str:
    """Returns the text of the file."""
    sys.path.insert(0, str(ROOT))
    from g2p_jax.data.alphabets import convert, english

    phonemes = sorted(set(english._SPELLINGS["ipa"]))
    alphabets = "ipa", "xsampa", "espeak", "kokoro"
    lines = ["// Written by web/test/make_tables.py from g2p_jax/data/alphabets; a test compares."]
    lines += ['"use strict";', "globalThis.g2pJax ??= {};", "globalThis.g2pJax.SPELLINGS = {"]
    for phoneme in phonemes:
        spelled = {name: convert([phoneme], "arpabet", name, stress=False)[0] for name in alphabets}
        lines.append(f"  {phoneme}: {json.dumps(spelled, ensure_ascii=False)},")
    onsets = json.dumps(",".join(sorted(english.ONSETS)))
    return "\n".join([*lines, "};", f"globalThis.g2pJax.ONSETS = {onsets};", ""])


if __name__ == "__main__":
    FILE.write_text(tables(), "utf-8")
