"""Writes src/tables.js: the tables of g2p_jax for JavaScript.

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
    from g2p_jax import runtime
    from g2p_jax.data.alphabets import convert, english

    alphabets = "ipa", "xsampa", "espeak", "kokoro"
    each = {
        "LANGUAGES": runtime.LANGUAGES,
        "COLONS": runtime.COLONS,
        "ALIKE": runtime.ALIKE,
        "BASE": runtime.BASE,
        "MARKS": {chr(mark): plain for mark, plain in runtime.MARKS.items()},
        "ONSETS": sorted(english.ONSETS),
        "SPELLINGS": {
            phoneme: {name: convert([phoneme], "arpabet", name, False)[0] for name in alphabets}
            for phoneme in sorted(set(english._SPELLINGS["ipa"]))
        },
    }
    lines = ["// Written by web/test/make_tables.py from g2p_jax; a test compares."]
    lines += ['"use strict";', "Object.assign(globalThis.g2pJax ??= {}, {"]
    lines += [f"  {name}: {json.dumps(x, ensure_ascii=False)}," for name, x in each.items()]
    return "\n".join([*lines, "});", ""])


if __name__ == "__main__":
    FILE.write_text(tables(), "utf-8")
